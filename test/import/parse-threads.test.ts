import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { generate } from '../../bench/workload.ts';
import { ParseThreadError, type PlainReaderTrap } from '../../src/errors.ts';
import { armFaultPoint } from '../../src/fault-points.ts';
import { kindOfFault } from '../../src/faults.ts';
import type { DocumentFormat } from '../../src/import/document-format.ts';
import { EMPTY_ERROR_FILE } from '../../src/import/error-file.ts';
import { ndjsonFormat } from '../../src/import/ndjson.ts';
import { openPart } from '../../src/import/parse/parse-threads.ts';
import { type ReadPartOf, readPartHere, readPartInThread } from '../../src/import/stage/read-part.ts';
import { stageCalls } from '../../src/import/stage/stage-calls.ts';
import { type Chunk, stageChunk } from '../../src/import/stage/stage-chunk.ts';
import { stageGroup } from '../../src/import/stage/stage-group.ts';
import type { Job } from '../../src/model/execution.ts';
import { canPass } from '../../src/runner/retry.ts';
import { GROUP_LINES } from '../../src/store/merges.ts';
import { runs } from '../client.ts';
import { csvFile, ndjsonFile } from '../properties/files.ts';
import { SOME_NAMES } from '../properties/mutations.ts';
import { context, formatOf, START_DATE } from './both-ways.ts';

const JOB: Job = { type: 'DOCUMENT_IMPORT', documentImportId: '1' };
const LIMITS = { bytes: 64 * 1024 * 1024, rows: 500_000 };

let staging: DuckDBInstance;

before(async () => {
  staging = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await staging.connect();
  await connection.run(`attach ':memory:' as staging`);
  connection.closeSync();
});
after(() => staging.closeSync());

type Document = {
  readonly bytes: Buffer;
  readonly format: DocumentFormat;
  readonly job?: Job;
  readonly limits?: typeof LIMITS & { readonly errorFile?: { lines: number; bytes: number } };
};

/**
 * All chunks of a document, each with the rows of its tables, and what was told of its progress
 * last.
 */
async function stageAll(read: ReadPartOf, { bytes, format, job = JOB, limits = LIMITS }: Document) {
  const chunks: object[] = [];
  let from = { offset: 0, line: 0 };
  let errorsFrom = EMPTY_ERROR_FILE;
  for (;;) {
    let last: object | undefined;
    const chunk: Chunk = await stageChunk({
      source: {
        file: { read: async (at, length) => bytes.subarray(at, at + length) },
        bytes: bytes.length,
        ...{ format, job },
      },
      ...{ from, errorsFrom, limits, context, staging, keepsNamed: true, read },
      onRead: (progress) => {
        last = progress;
      },
    });
    const { table, namedTable, errorLines, ...rest } = chunk;
    const errors = Buffer.from(errorLines.content).toString();
    chunks.push({
      ...{ ...rest, errors, last, errorsTo: errorLines.to },
      ...{ rows: await rowsOf(table), named: await rowsOf(namedTable) },
    });
    if (chunk.isLast) return chunks;
    from = chunk.to;
    errorsFrom = errorLines.to;
  }
}

async function rowsOf(table: string | null | undefined): Promise<unknown> {
  if (!table) return null;
  const connection = await staging.connect();
  const reader = await connection.runAndReadAll(`select * from staging.main.${table}`);
  await connection.run(`drop table staging.main.${table}`);
  connection.closeSync();
  return reader.getRowsJson();
}

async function assertSame(document: Document): Promise<readonly object[]> {
  const here = await stageAll(readPartHere, document);
  assert.deepEqual(await stageAll(readPartInThread, document), here);
  return here;
}

const SEGMENTS = ['1', '2', '10'];

function large(format: 'NDJSON' | 'CSV', lines = 7000): Buffer {
  const shares = { badPerMille: 50, repeatedPerMille: 300 };
  const workload = { format, lines, users: 100_000, segmentIds: SEGMENTS, seed: 7, ...shares };
  return Buffer.from([...generate(workload)].join(''));
}

test('a thread stages what is staged here, of files over many messages and chunks', async () => {
  const ndjson = large('NDJSON');
  const csv = large('CSV');
  const chunks = await assertSame({ bytes: ndjson, format: ndjsonFormat });
  assert.equal(chunks.length, 1);
  const parted = { ...LIMITS, bytes: 100_000, rows: 2000 };
  assert.ok((await assertSame({ bytes: ndjson, format: ndjsonFormat, limits: parted })).length > 2);
  const format = formatOf(csv);
  assert.ok(format !== null);
  assert.ok((await assertSame({ bytes: csv, format, limits: parted })).length > 2);
  await assertSame({ bytes: csv, format, limits: { ...LIMITS, errorFile: { lines: 300, bytes: 20_000 } } });
});

test('a thread stages what is staged here, of a list of users and of a file without a command', async () => {
  const users = `user_account_id,email_hash\n${Array.from({ length: 3000 }, (_, i) => `${i},${i % 50 ? '' : 'x'}`).join('\n')}`;
  const format = formatOf(Buffer.from(`operation,segment_id,${users}`));
  assert.ok(format !== null);
  const bytes = Buffer.from(`operation,segment_id,${users.replaceAll('\n', '\n,,')}`);
  await assertSame({ bytes, format, job: { type: 'USER_SEGMENT_IMPORT', segmentId: '1' } });
  await assertSame({ bytes: Buffer.alloc(0), format: ndjsonFormat });
});

/** What came with a trap at one of the calls of the reader of plain lines, which is told once. */
async function trapping<T>(
  pass: number,
  stage: (onReaderTrap: (trap: PlainReaderTrap) => void) => Promise<T>,
) {
  const traps: unknown[] = [];
  armFaultPoint({ point: 'plain-reader-traps', pass });
  try {
    const staged = await stage(({ cause }) => traps.push(cause));
    assert.match(String(traps), /^RuntimeError: unreachable$/);
    return staged;
  } finally {
    armFaultPoint(null);
  }
}

test('where the reader of plain lines traps, the reference parser reads the same', async () => {
  const bytes = large('NDJSON');
  const file = { read: async (at: number, length: number) => bytes.subarray(at, at + length) };
  const rows = async (onReaderTrap?: (trap: PlainReaderTrap) => void) => {
    const source = { file, bytes: bytes.length, format: ndjsonFormat, job: JOB };
    const of = { from: { offset: 0, line: 0 }, errorsFrom: EMPTY_ERROR_FILE, limits: LIMITS, context };
    const chunk = await stageChunk({
      ...of,
      source,
      staging,
      keepsNamed: false,
      read: readPartHere,
      onReaderTrap,
    });
    return { ...chunk, table: await rowsOf(chunk.table) };
  };
  const undisturbed = await rows();
  for (const pass of [1, 5]) assert.deepEqual(await trapping(pass, rows), undisturbed);

  const lines = Buffer.from('{"operation":"DELETE","user_agent_id":"a","segment_id":"1"}\n'.repeat(3));
  const calls = async (onReaderTrap?: (trap: PlainReaderTrap) => void) => {
    const call = { lines, mostSegments: 0 };
    const staged = await stageCalls({ calls: [call, call], context, staging, onReaderTrap });
    return { ...staged, table: await rowsOf(staged.table) };
  };
  assert.deepEqual(await trapping(2, calls), await calls());
});

test('a group in which the reader of plain lines traps is to be staged one by one', async () => {
  const lines = Buffer.from('{"operation":"DELETE","user_agent_id":"a","segment_id":"1"}\n');
  const group = (onReaderTrap?: (trap: PlainReaderTrap) => void) =>
    stageGroup({
      count: 3,
      open: (_, read) =>
        read({ file: { read: async () => lines }, bytes: lines.length, format: ndjsonFormat, job: JOB }),
      ...{ limits: LIMITS, context, staging, onReaderTrap },
    });
  assert.equal(await trapping(2, group), null);
  assert.equal((await group())?.documents.length, 3);
});

test('a command for many segments is a row for each, with texts of any length', async () => {
  const many = { operation: 'UPDATE', segment_ids: SEGMENTS, expiration_duration: 60 };
  const values = ['a', 'é'.repeat(7), '\u4e16'.repeat(400_000 / 3), 'twelve_bytes', 'thirteen_byte'];
  const bags = [null, {}, { text: 'é'.repeat(100) }];
  const lines = Array.from({ length: 1500 }, (_, i) => ({
    ...many,
    email_hash: i % 100 === 0 ? values[(i / 100) % values.length] : `${values[3]}${i}`.slice(-((i % 14) + 1)),
    data_bag: bags[i % bags.length],
  }));
  const bytes = Buffer.from(lines.map((line) => JSON.stringify(line)).join('\n'));
  const [chunk] = await assertSame({ bytes, format: ndjsonFormat });
  const { rows } = chunk as { rows: readonly (readonly unknown[])[] };
  const expected = lines.flatMap(({ email_hash, data_bag }, i) =>
    SEGMENTS.map((id) => [
      ...[String(i + 1), 2, '0', email_hash, id, true, String(START_DATE + 3_600_000)],
      data_bag === null ? null : JSON.stringify(data_bag),
    ]),
  );
  assert.deepEqual(
    rows.map((row) => row.slice(0, 8)),
    expected,
  );
});

test('a thread stages what is staged here, whatever the file', async () => {
  const file = fc.oneof(ndjsonFile(20), csvFile(20));
  await fc.assert(
    fc.asyncProperty(file, fc.integer({ min: 1, max: 4096 }), async (draft, bytesOfChunk) => {
      const { bytes } = draft.write(SOME_NAMES, START_DATE);
      const format = draft.format === 'NDJSON' ? ndjsonFormat : formatOf(bytes);
      if (format !== null) await assertSame({ bytes, format, limits: { ...LIMITS, bytes: bytesOfChunk } });
    }),
    { numRuns: runs(30) },
  );
});

test('parts are parsed side by side, and one that nobody waits for is forgotten', async () => {
  const bytes = large('NDJSON');
  const closed = openPart({
    ...{
      csv: null,
      job: JOB,
      from: { offset: 0, line: 0 },
      errorsFrom: EMPTY_ERROR_FILE,
      limits: LIMITS,
      context,
    },
    ...{ linesBefore: 0, keeps: { pairs: true, named: false } },
  });
  void closed.parse(bytes, false);
  closed.close();
  const document = { bytes, format: ndjsonFormat };
  const [first, second] = await Promise.all([
    stageAll(readPartInThread, document),
    stageAll(readPartInThread, document),
  ]);
  assert.deepEqual(first, second);
});

test('what goes wrong in a thread is told, and the thread lives on', async () => {
  const broken = openPart({
    ...{
      csv: null,
      from: { offset: 0, line: 0 },
      errorsFrom: EMPTY_ERROR_FILE,
      limits: LIMITS,
      linesBefore: 0,
    },
    // no record can be placed without the segments
    context: { ...context, catalogue: { ...context.catalogue, compartmentById: null as never } },
    ...{ job: JOB, keeps: { pairs: true, named: false } },
  });
  const line = '{"operation":"UPDATE","user_account_id":"1","compartment_id":"1"}\n';
  await assert.rejects(broken.parse(Buffer.from(line), true), TypeError);
  broken.close();
  await assertSame({ bytes: Buffer.from(line), format: ndjsonFormat });
});

test('of a group, large documents come by way of a thread, in their order between small ones', async () => {
  const documents = [100, 5000, 10, 2000].map((lines) => large('NDJSON', lines));
  const staged = await stageGroup({
    count: documents.length,
    open: (position, read) => {
      const bytes = documents[position] ?? Buffer.alloc(0);
      const file = { read: async (at: number, length: number) => bytes.subarray(at, at + length) };
      return read({ file, bytes: bytes.length, format: ndjsonFormat, job: JOB });
    },
    ...{ limits: LIMITS, context, staging },
  });
  const rows = (await rowsOf(staged?.table)) as [string][];
  const lines = rows.map(([line]) => Number(line));
  assert.deepEqual(
    lines,
    lines.toSorted((a, b) => a - b),
  );
  const pairs = documents.map((_, i) => lines.filter((line) => Math.floor(line / GROUP_LINES) === i).length);
  assert.deepEqual(
    pairs,
    staged?.documents.map((each) => each.pairs),
  );
  assert.ok(pairs.every((count) => count > 0));
});

test('a thread without memory is a fault of the machine, and one that died otherwise is tried again, too', async () => {
  const options = { eval: true, resourceLimits: { maxOldGenerationSizeMb: 8 } };
  const worker = new Worker('const all = []; for (;;) all.push(new Array(1000).fill(0));', options);
  const [cause]: unknown[] = await once(worker, 'error');
  const fault = new ParseThreadError('it died', { cause });
  assert.equal(kindOfFault(fault), 'NO_MEMORY');
  assert.ok(canPass(fault));
  assert.ok(canPass(new ParseThreadError('it died', { cause: new Error('it ended with 1') })));
});
