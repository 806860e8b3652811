import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { decodeParquetInTurn, type ParquetReading } from '../../src/content/parquet/parquet-rows.ts';
import { createBudget } from '../../src/documents/budget.ts';
import { wholeFile } from '../../src/documents/documents.ts';
import { openDocumentsFolder } from '../../src/documents/folder.ts';
import { createSpool } from '../../src/documents/spool.ts';
import { ServiceError } from '../../src/errors.ts';
import { runs } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { parquetOf } from '../parquet.ts';
import { textOf } from './contract.ts';
import { LIMITS, MIB, receive } from './receive.ts';

const ROWS = 10_000;
const SOME = `select 'UPDATE' as operation, 'user ' || i as user_account_id, i % 7 as segment_id,
  case when i % 3 = 0 then i end as expiration_duration from range(${ROWS}) r(i) order by i`;
const lineOf = (i: number) =>
  `{"operation":"UPDATE","user_account_id":"user ${i}","segment_id":"${i % 7}"${i % 3 === 0 ? `,"expiration_duration":${i}` : ''}}\n`;
const LINES = Array.from({ length: ROWS }, (_, i) => lineOf(i)).join('');

async function open(t: TestContext) {
  const dir = await makeFolder();
  t.after(() => discardFolder(t, dir));
  return { dir, documents: await openDocumentsFolder(dir, LIMITS) };
}

/** What a decoder makes of a file, and how many descriptors the process has more afterwards. */
async function decode(t: TestContext, file: Buffer, of: Partial<ParquetReading> = {}) {
  const dir = await makeFolder();
  t.after(() => discardFolder(t, dir));
  const decoder = decodeParquetInTurn({
    createSpool: () => createSpool(path.join(dir, 'spool'), async () => {}),
    ...{ mapping: null, allowEmpty: true, ...of },
  });
  const parts: Buffer[] = [];
  for await (const part of decoder(
    (async function* () {
      for (let at = 0; at < file.length; at += 1000) yield file.subarray(at, at + 1000);
    })(),
  ))
    parts.push(part);
  assert.deepEqual(await readdir(dir), [], 'the spool has no name');
  return Buffer.concat(parts).toString();
}

test('rows become lines in their order, whatever the row groups and the compression', async (t) => {
  const { documents } = await open(t);
  for (const options of [
    '',
    'row_group_size 2048, compression zstd',
    'compression gzip, parquet_version v2',
  ]) {
    const file = await parquetOf(SOME, options);
    const received = await receive(documents, file, { mimeType: 'APPLICATION_PARQUET' });
    assert.equal(await textOf(documents, received.folder, wholeFile('input')), LINES, options);
    assert.equal(received.bytes, Buffer.byteLength(LINES));
  }
});

test('what is no Parquet file passes as it is', async (t) => {
  for (const text of ['', 'PAR', '{"operation":"UPDATE"}\n'.repeat(200)])
    assert.equal(await decode(t, Buffer.from(text)), text);
});

test('a reader that takes too long is ended, and so is one that has to wait', async (t) => {
  const file = await parquetOf(SOME);
  await assert.rejects(decode(t, file, { blockDeadlineMs: 1 }), { code: 'OVERLOADED' });
  const readers = createBudget(1);
  const giveBack = await readers.take(1);
  await assert.rejects(decode(t, file, { readers, waitMs: 20 }), { code: 'OVERLOADED' });
  giveBack?.();
  assert.equal(await decode(t, file, { readers, waitMs: 20 }), LINES);
});

test('a reader that is given up leaves neither process nor place', async (t) => {
  const file = await parquetOf(SOME);
  const readers = createBudget(1);
  const dir = await makeFolder();
  t.after(() => discardFolder(t, dir));
  const rows = decodeParquetInTurn({
    createSpool: () => createSpool(path.join(dir, 'spool'), async () => {}),
    ...{ mapping: null, allowEmpty: true, readers },
  })(
    (async function* () {
      yield file;
    })(),
  );
  for await (const block of rows) {
    assert.ok(block.length > 0);
    break;
  }
  assert.notEqual(await readers.take(1, 1), null);
});

test('a value that takes more memory than there is refuses the file, and the next one is read', async (t) => {
  const { documents, dir } = await open(t);
  const wide = await parquetOf(`select 'UPDATE' as operation, repeat('x', ${600 * MIB}) as user_account_id`);
  await assert.rejects(receive(documents, wide, { mimeType: 'APPLICATION_PARQUET' }), (error: unknown) => {
    assert.ok(error instanceof ServiceError, String(error));
    return ['INVALID_PARQUET', 'FILE_TOO_LARGE'].includes(error.code);
  });
  const received = await receive(documents, await parquetOf(SOME), { mimeType: 'APPLICATION_PARQUET' });
  assert.equal(received.bytes, Buffer.byteLength(LINES));
  assert.deepEqual(await readdir(path.join(dir, 'incoming')), []);
});

test('a damaged file is refused or read to its end, and is never a fault', async (t) => {
  const { documents, dir } = await open(t);
  const file = await parquetOf(SOME.replace(String(ROWS), '3000'), 'row_group_size 2048');
  const spoilt = fc.array(fc.tuple(fc.nat(file.length - 1), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 8,
  });
  // the footer says where everything is
  const near = fc.array(fc.tuple(fc.integer({ min: file.length - 700, max: file.length - 9 }), fc.nat(255)), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(spoilt, near), async (changes) => {
      const damaged = Buffer.from(file);
      for (const [at, byte] of changes) damaged[at] = byte;
      const outcome = await receive(documents, damaged, { mimeType: 'APPLICATION_PARQUET' }).catch(
        (error: unknown) => error,
      );
      if (outcome instanceof Error) {
        assert.ok(outcome instanceof ServiceError, String(outcome));
        const known = [
          'INVALID_PARQUET',
          'INVALID_HEADER',
          'CONTENT_TYPE_MISMATCH',
          'UNSUPPORTED_FILE',
          'FILE_TOO_LARGE',
        ];
        assert.ok(known.includes(outcome.code), outcome.code);
        return;
      }
      const { folder } = outcome as { folder: string };
      const text = await textOf(documents, folder, wholeFile('input'));
      for (const line of (text ?? '').trim().split('\n')) if (line !== '') JSON.parse(line);
      await documents.remove(folder);
    }),
    { numRuns: runs(20) },
  );
  assert.deepEqual(await readdir(path.join(dir, 'incoming')), []);
});
