import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Client,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  errorFile,
  type Format,
  runFile,
  upload,
  waitForEnd,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { readErrorFile } from '../properties/error-file.ts';
import { startS3 } from '../s3.ts';

const LINES = 400;
const MAX_LINES = 30;
const CSV_HEADER = 'operation;email_hash;segment_id;expiration_duration\n';

type Result = ExecutionAnswer['result'] & { readonly error_lines_omitted?: number };
const resultOf = (execution: ExecutionAnswer): Result => execution.result;

/** A file each line of which fails, but for every tenth. */
function badFile(
  format: Format,
  { lines = LINES, segmentId }: { lines?: number; segmentId: string },
): string {
  const idOf = (i: number) => (i % 10 === 9 ? segmentId : '999');
  return format === 'NDJSON'
    ? Array.from(
        { length: lines },
        (_, i) =>
          `{"operation":"UPDATE","email_hash":"h${i}","segment_id":"${idOf(i)}","expiration_duration":0}\n`,
      ).join('')
    : CSV_HEADER + Array.from({ length: lines }, (_, i) => `UPDATE;h${i};${idOf(i)};0\n`).join('');
}

function splitNote(format: Format, text: string) {
  const records = readErrorFile(format, text);
  return { failed: records.slice(0, -1), note: records.at(-1) };
}

const NOTE = 'ERROR_LINES_OMITTED';
const FAILED = (LINES * 9) / 10;

/** What must hold of a service whose error files have 30 lines, wherever its files are kept. */
async function checkFullFile(service: Client, format: Format): Promise<string> {
  const segmentId = await createSegment(service, { name: `of ${format}` });
  const ended = await runFile(service, format, badFile(format, { segmentId }));
  assert.equal(ended.status, 'SUCCEEDED');
  const result = resultOf(ended);
  assert.deepEqual(
    [result.total_success, result.total_failure, result.error_lines_omitted],
    [LINES - FAILED, FAILED, FAILED - MAX_LINES],
  );
  assert.deepEqual(result.failures_by_code, { UNKNOWN_SEGMENT: FAILED }, 'each is counted');

  const text = await errorFile(service, ended);
  const { failed, note } = splitNote(format, text);
  const first = format === 'CSV' ? 2 : 1;
  const badLines = Array.from({ length: LINES }, (_, i) => i).filter((i) => i % 10 !== 9);
  assert.deepEqual(
    failed.map(({ line }) => line),
    badLines.slice(0, MAX_LINES).map((i) => i + first),
    'the first ones, without gaps',
  );
  assert.equal(note?.code, NOTE);
  assert.match(note?.message ?? '', /^330 more lines failed and are not in this file/);

  const corrected = text.replaceAll('999', segmentId);
  const again = await runFile(service, format, corrected);
  assert.deepEqual(
    [again.result.total_success, again.result.total_failure],
    [MAX_LINES, 0],
    'the last record is no command',
  );
  assert.equal(await errorFile(service, again), '');
  return text;
}

test('an error file that is full says so at its end, and can be sent again', async (t) => {
  const texts = new Map<Format, Set<string>>();
  for (const chunk of [{ chunkBytes: 4096 }, {}]) {
    const service = await startService(t, { ...chunk, maxErrorFileLines: MAX_LINES });
    for (const format of ['NDJSON', 'CSV'] as const) {
      const text = await checkFullFile(service, format);
      texts.set(format, (texts.get(format) ?? new Set()).add(text));
    }
    const { violations } = await dataOf<{ violations: number }>(service.call('GET', '/v1/check'));
    assert.equal(violations, 0);
  }
  for (const [format, different] of texts)
    assert.equal(different.size, 1, `${format}: chunks make no difference`);
});

test('settings', async (t) => {
  const service = await startService(t, { maxErrorFileLines: 5, maxErrorFileBytes: 1_000, chunkBytes: 4096 });

  await t.test('an error file has no more bytes than it may have, header and all', async () => {
    for (const format of ['NDJSON', 'CSV'] as const) {
      const long = 'x'.repeat(300);
      const body =
        format === 'NDJSON'
          ? `{"operation":"NO","email_hash":"${long}"}\n{"operation":"NO","email_hash":"${long}"}\n{"a":"${long}"}\n{}\n`
          : `operation,email_hash\nNO,${long}\nNO,${long}\nNO,${long}\nNO,a\n`;
      const ended = await runFile(service, format, body);
      assert.equal(resultOf(ended).error_lines_omitted, 2, format);
      const text = await errorFile(service, ended);
      const kept = text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1);
      assert.ok(kept.length <= 1_000 && kept.length > 700, String(kept.length));
      assert.equal(splitNote(format, text).failed.length, 2, 'one that had room comes behind no gap');
    }
  });

  await t.test(
    'a file of which nothing has room has no error file, and its failures are counted',
    async () => {
      const ended = await runFile(service, 'NDJSON', `{"a":"${'x'.repeat(2_000)}"}\n{}\n`);
      assert.deepEqual([resultOf(ended).total_failure, resultOf(ended).error_lines_omitted], [2, 2]);
      assert.equal(ended.result.error_file_uri, undefined);
      const { violations } = await dataOf<{ violations: number }>(service.call('GET', '/v1/check'));
      assert.equal(violations, 0);
    },
  );

  await t.test('small files that are applied in one step have each their own', async () => {
    const documentImportId = await createImport(service, { format: 'NDJSON' });
    const of = { datamartId: '1', documentImportId, format: 'NDJSON' as const };
    const sent = await Promise.all(
      [3, 5, 6, 9].map((lines) => upload(service, { ...of, body: 'x\n'.repeat(lines) })),
    );
    const omitted = [];
    for (const execution of sent)
      omitted.push(resultOf(await waitForEnd(service, execution)).error_lines_omitted);
    assert.deepEqual(omitted, [undefined, undefined, 1, 4]);
  });

  await t.test('a guard and a dry run count the same', async () => {
    for (const query of ['max_failure_ratio=0.1', 'dry_run=true', 'mode=replace&max_failure_ratio=0.1']) {
      const ended = await runFile(service, 'NDJSON', 'x\n'.repeat(12), { query });
      assert.deepEqual([resultOf(ended).total_failure, resultOf(ended).error_lines_omitted], [12, 7], query);
      assert.equal(readErrorFile('NDJSON', await errorFile(service, ended)).length, 6);
    }
  });

  await t.test('a part of it, with its last line, is that of the whole', async () => {
    const ended = await runFile(service, 'NDJSON', 'x\n'.repeat(12));
    const text = await errorFile(service, ended);
    const path = `/v1/data_file/data?uri=${encodeURIComponent(ended.result.error_file_uri ?? '')}`;
    const noteAt = text.indexOf('{"error_code"');
    for (const [from, to] of [
      [0, 9],
      [noteAt - 5, noteAt + 5],
      [noteAt, noteAt + 3],
      [noteAt + 4, text.length - 1],
    ] as const) {
      const range = { range: `bytes=${from}-${to}` };
      const part = await service.call('GET', path, undefined, range);
      assert.deepEqual([part.status, part.text], [206, text.slice(from, to + 1)]);
      assert.equal(part.headers.get('content-range'), `bytes ${from}-${to}/${text.length}`);
    }
  });

  await t.test('a command is no such record, whatever it is marked with', async () => {
    const segmentId = await createSegment(service, { name: 'marked' });
    const command = { operation: 'UPDATE', email_hash: 'a', segment_id: segmentId, expiration_duration: 0 };
    const ndjson = `${JSON.stringify({ ...command, error_code: NOTE })}\n{"error_code":"${NOTE}","a":1}\n`;
    const ended = await runFile(service, 'NDJSON', ndjson);
    assert.deepEqual([ended.result.total_success, ended.result.total_failure], [1, 1]);
    const csv = `error_code,operation,email_hash,segment_id,expiration_duration\n${NOTE},UPDATE,b,${segmentId},0\n${NOTE},,b\n${NOTE},,\n`;
    const rows = await runFile(service, 'CSV', csv);
    assert.deepEqual([rows.result.total_success, rows.result.total_failure], [1, 1]);
  });
});

test('424 bytes do not become megabytes of error file', async (t) => {
  const service: TestService = await startService(t, { maxErrorFileBytes: 100_000 });
  const ended = await runFile(service, 'NDJSON', 'x\n'.repeat(50_000));
  assert.equal(ended.result.total_failure, 50_000);
  assert.ok((await errorFile(service, ended)).length < 101_000);
});

test('error files in S3 are full in the same way', async (t) => {
  const s3 = await startS3();
  const before = { ...process.env };
  // read by the SDK itself, as in a service
  Object.assign(process.env, s3.env);
  t.after(async () => {
    for (const name of Object.keys(s3.env)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    await s3.close();
  });
  const documents = `s3://${s3.makeBucket()}/muster`;
  const service = await startService(t, { documents, chunkBytes: 4096, maxErrorFileLines: MAX_LINES });
  for (const format of ['NDJSON', 'CSV'] as const) await checkFullFile(service, format);
});
