import assert from 'node:assert/strict';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import {
  type Client,
  CONTENT_TYPE,
  createImport,
  createSegment,
  type ExecutionAnswer,
  executionsPath,
  waitForEnd,
} from '../test/client.ts';
import { peakMemoryBytes, resetPeakMemory, serve } from '../test/process.ts';
import { generate, type Workload } from './workload.ts';

/**
 * How fast a file becomes memberships, through the front door: `npm run bench [-- --lines 1000000]`. The service is a
 * process of its own over a fresh folder, so what is measured is what somebody who installs it gets.
 */

const SEGMENTS = 10;
const MIB = 1024 * 1024;
const TIMEOUT_MS = 3_600_000;

type Format = Workload['format'];
type Case = {
  readonly name: string;
  readonly format: Format;
  readonly badPerMille: number;
  /** How often the file is sent; each time is a row of the table. */
  readonly times: readonly string[];
};

const CASES: readonly Case[] = [
  { name: 'NDJSON', format: 'NDJSON', badPerMille: 0, times: ['empty store', 'same file again'] },
  { name: 'NDJSON, 1 % bad', format: 'NDJSON', badPerMille: 10, times: ['empty store'] },
  { name: 'CSV', format: 'CSV', badPerMille: 0, times: ['empty store'] },
];

type Measurement = {
  readonly name: string;
  readonly lines: number;
  readonly bytes: number;
  readonly uploadSeconds: number;
  readonly totalSeconds: number;
  readonly failures: number;
  readonly peakBytes: number;
};

const { values } = parseArgs({ options: { lines: { type: 'string', default: '1000000' } } });
const lines = Number(values.lines);
assert.ok(Number.isInteger(lines) && lines > 0, '--lines must be a whole number');

const folder = await mkdtemp(path.join(os.tmpdir(), 'muster-bench-'));
try {
  const measurements: Measurement[] = [];
  for (const each of CASES) measurements.push(...(await measureCase(each)));
  printTable(measurements);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measureCase(of: Case): Promise<Measurement[]> {
  const data = await mkdtemp(path.join(folder, 'data-'));
  const service = await serve(data, { MUSTER_MAX_UPLOAD_BYTES: '100GiB' });
  try {
    const segmentIds: string[] = [];
    for (let i = 0; i < SEGMENTS; i++)
      segmentIds.push(await createSegment(service, { name: `segment ${i}` }));
    const file = path.join(folder, 'input');
    await writeFile(file, { ...of, lines, users: Math.ceil(lines * 0.7), segmentIds, seed: 1 });
    const documentImportId = await createImport(service, { format: of.format });
    const measurements: Measurement[] = [];
    for (const time of of.times) {
      resetPeakMemory(service.pid());
      const measured = await measure(service, { file, format: of.format, documentImportId });
      const name = `${of.name}, ${time}`;
      measurements.push({ name, ...measured, peakBytes: peakMemoryBytes(service.pid()) });
    }
    return measurements;
  } finally {
    await service.kill();
    await rm(data, { recursive: true, force: true });
  }
}

async function writeFile(file: string, workload: Workload): Promise<void> {
  await pipeline(Readable.from(generate(workload)), createWriteStream(file));
}

async function measure(
  client: Client,
  of: { file: string; format: Format; documentImportId: string },
): Promise<Omit<Measurement, 'name' | 'peakBytes'>> {
  const startedAt = performance.now();
  const execution = await send(client, of);
  const uploadedAt = performance.now();
  const ended = await waitForEnd(client, execution, TIMEOUT_MS);
  const endedAt = performance.now();
  assert.equal(ended.status, 'SUCCEEDED', JSON.stringify(ended));
  assert.equal(ended.num_tasks, lines);
  return {
    lines,
    bytes: statSync(of.file).size,
    uploadSeconds: (uploadedAt - startedAt) / 1000,
    totalSeconds: (endedAt - startedAt) / 1000,
    failures: ended.result.total_failure,
  };
}

/** Streams the file, as a client with a large one would. */
async function send(
  client: Client,
  of: { file: string; format: Format; documentImportId: string },
): Promise<ExecutionAnswer> {
  const url = `${client.baseUrl}${executionsPath({ datamartId: '1', ...of })}`;
  const request = http.request(url, {
    method: 'POST',
    headers: {
      authorization: client.token,
      'content-type': CONTENT_TYPE[of.format],
      'content-length': statSync(of.file).size,
    },
  });
  const response = new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject);
  });
  await pipeline(createReadStream(of.file, { highWaterMark: MIB }), request);
  let text = '';
  for await (const chunk of (await response).setEncoding('utf8')) text += chunk;
  assert.equal((await response).statusCode, 200, text);
  return (JSON.parse(text) as { data: ExecutionAnswer }).data;
}

function printTable(measurements: readonly Measurement[]): void {
  const header = ['', 'lines', 'MiB', 'upload s', 'POST to SUCCEEDED s', 'lines/s', 'failed', 'peak RSS MiB'];
  const rows = measurements.map((measured) => [
    measured.name,
    String(measured.lines),
    (measured.bytes / MIB).toFixed(1),
    measured.uploadSeconds.toFixed(2),
    measured.totalSeconds.toFixed(2),
    String(Math.round(measured.lines / measured.totalSeconds)),
    String(measured.failures),
    String(Math.round(measured.peakBytes / MIB)),
  ]);
  console.log(`${os.cpus().length} cores, Node ${process.version}\n`);
  console.log(`| ${header.join(' | ')} |`);
  console.log(`|${header.map((_, index) => (index === 0 ? '---' : '---:')).join('|')}|`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}
