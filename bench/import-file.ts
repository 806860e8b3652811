import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import http from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded } from '../src/model/execution.ts';
import {
  type Client,
  CONTENT_TYPE,
  createSegment,
  type ExecutionAnswer,
  executionsPath,
  getExecution,
} from '../test/client.ts';
import type { Bench } from './bench.ts';
import type { CommandFile } from './files.ts';
import { type Server, watching } from './server.ts';
import type { Measured } from './table.ts';
import { SEGMENTS } from './workloads.ts';

const POLL_MS = 50;
const BLOCK_BYTES = 1024 * 1024;

/** Where a file goes. */
export type Target = {
  readonly datamartId: string;
  readonly documentImportId: string;
  /** What is asked for beside the file. */
  readonly query?: string;
};

/** Creates the segments of a workload; resolves to their ids. */
export async function createSegments(client: Client, datamartId = '1'): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let i = 0; i < SEGMENTS; i++)
    ids.push(await createSegment(client, { name: `segment ${i}`, datamart_id: datamartId }));
  return ids;
}

/**
 * Uploads a file and waits until it is SUCCEEDED; rejects when that takes longer than `timeoutMs`.
 */
export async function importFile(
  client: Client,
  of: { file: CommandFile; to: Target; timeoutMs: number },
): Promise<Measured & { readonly seconds: number; readonly execution: ExecutionAnswer }> {
  const { file, to, timeoutMs } = of;
  const startedAt = performance.now();
  const execution = await post(client, {
    to,
    format: file.format,
    body: createReadStream(file.path, { highWaterMark: BLOCK_BYTES }),
    bytes: file.bytes,
    signal: AbortSignal.timeout(Math.max(1, Math.round(timeoutMs))),
  });
  const uploadSeconds = (performance.now() - startedAt) / 1000;
  const ended = await waitForEnd(client, { execution, until: startedAt + timeoutMs });
  const seconds = (performance.now() - startedAt) / 1000;
  assert.equal(ended.status, 'SUCCEEDED', ended.error?.message ?? ended.status);
  assert.equal(ended.num_tasks, file.lines, 'every line is a command');
  return {
    count: file.lines,
    seconds,
    perSecond: file.lines / seconds,
    remark: `${uploadSeconds.toFixed(2)} s of it uploading`,
    execution: ended,
  };
}

/** Imports a file and says what it took. */
export function importWatched(
  bench: Bench,
  of: { server: Server; file: CommandFile; to: Target },
): Promise<Measured> {
  return watching(of.server, async () => {
    const { execution, remark, ...measured } = await importFile(of.server, {
      ...of,
      timeoutMs: bench.leftMs(),
    });
    const failed = execution.result.total_failure;
    return { ...measured, remark: `${remark}${failed === 0 ? '' : `; ${failed} lines failed`}` };
  });
}

/** Sends one file as the raw body of a request; resolves to the execution. */
export async function post(
  client: Client,
  of: {
    to: Target;
    format: CommandFile['format'];
    body: Readable | Buffer;
    bytes: number;
    agent?: http.Agent;
    signal?: AbortSignal;
  },
): Promise<ExecutionAnswer> {
  const request = http.request(`${client.baseUrl}${executionsPath(of.to)}?${of.to.query ?? ''}`, {
    method: 'POST',
    headers: {
      authorization: client.token,
      'content-type': CONTENT_TYPE[of.format],
      'content-length': of.bytes,
    },
    ...(of.agent ? { agent: of.agent } : {}),
    ...(of.signal ? { signal: of.signal } : {}),
  });
  const response = new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject);
  });
  // Awaited below; an upload that breaks off rejects both.
  response.catch(() => undefined);
  if (of.body instanceof Readable) await pipeline(of.body, request);
  else request.end(of.body);
  const answer = await response;
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk;
  assert.equal(answer.statusCode, 200, text);
  return (JSON.parse(text) as { data: ExecutionAnswer }).data;
}

async function waitForEnd(
  client: Client,
  of: { execution: ExecutionAnswer; until: number },
): Promise<ExecutionAnswer> {
  for (;;) {
    const now = await getExecution(client, of.execution);
    if (hasEnded(now.status)) return now;
    assert.ok(performance.now() < of.until, `execution ${now.id} is still ${now.status}`);
    await sleep(POLL_MS);
  }
}
