import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { refused } from '../http/refusals.ts';
import { rawZstd, rleZstd } from '../zstd-samples.ts';
import { createTarget } from './target.ts';

const MIB = 1024 * 1024;
const GZIP = { 'content-encoding': 'gzip' };
const ZSTD = { 'content-encoding': 'zstd' };

test('compression bombs end at the limit, whatever they are made of', async (t) => {
  const { post, assertUnharmed } = await createTarget(t, { maxUploadBytes: MIB });
  const member = gzipSync(Buffer.alloc(64 * 1024, ' \n'));
  for (const [name, body, headers] of [
    ['gzip', gzipSync(Buffer.alloc(512 * MIB, ' \n')), GZIP],
    ['gzip of many members', Buffer.concat(Array(1_000).fill(member)), GZIP],
    ['gzip of empty members', Buffer.concat(Array(100_000).fill(gzipSync(''))), GZIP],
    ['zstd', rleZstd(20_000), ZSTD],
    ['zstd of many frames', Buffer.concat(Array(2_000).fill(rleZstd(20))), ZSTD],
  ] as const) {
    assert.match(await refused(post('NDJSON', body, headers), 413, 'FILE_TOO_LARGE'), /1048576/, name);
  }
  await assertUnharmed();
});

test('a bomb inside a bomb ends at the limit, in whichever layer it goes off', async (t) => {
  const { post, assertUnharmed } = await createTarget(t, { maxUploadBytes: MIB });
  const blanks = Buffer.alloc(64 * MIB, ' \n');
  const skipped = Buffer.concat([Buffer.from('502a4d18f8ff0000', 'hex'), Buffer.alloc(0xfff8)]);
  for (const [name, body] of [
    ['the inner one', gzipSync(gzipSync(blanks))],
    ['the outer one, whose content comes to nothing', gzipSync(Buffer.concat(Array(64).fill(skipped)))],
    ['in zstd', gzipSync(rleZstd(20_000))],
    ['in three layers', gzipSync(gzipSync(gzipSync(blanks)))],
  ] as const)
    assert.match(await refused(post('NDJSON', body, GZIP), 413, 'FILE_TOO_LARGE'), /1048576/, name);
  const deep = Array(30)
    .fill(null)
    .reduce((body: Buffer) => gzipSync(body), Buffer.from('{}'));
  await refused(post('NDJSON', deep, GZIP), 400, 'UNSUPPORTED_FILE');
  await assertUnharmed();
});

test('encodings that nobody knows are refused; whatever others a header names, the bytes tell', async (t) => {
  const { post, run, line, assertUnharmed } = await createTarget(t);
  const body = gzipSync(gzipSync(line('a')));
  for (const encoding of ['gzip;q=1', '*', 'GZIP GZIP', 'br', 'gzip, br', 'constructor', '__proto__'])
    await refused(
      post('NDJSON', body, { 'content-encoding': encoding }),
      400,
      'UNSUPPORTED_CONTENT_ENCODING',
    );
  for (const encoding of ['gzip, gzip', 'gzip,zstd', 'zstd, identity', ','])
    assert.equal((await run('NDJSON', body, { 'content-encoding': encoding })).result.total_success, 1);
  await assertUnharmed();
});

test('every line of every member is read; nothing that follows is passed over', async (t) => {
  const { post, run, line, assertUnharmed } = await createTarget(t);
  const [a, b] = [line('a'), line('b')];
  for (const [body, headers] of [
    [Buffer.concat([gzipSync(a), gzipSync(b)]), GZIP],
    [Buffer.concat([gzipSync(a), gzipSync(b), Buffer.alloc(1_000)]), GZIP],
    [Buffer.concat([rawZstd(Buffer.from(a)), rawZstd(Buffer.from(b))]), ZSTD],
  ] as const) {
    assert.equal((await run('NDJSON', body, headers)).result.total_success, 2);
  }
  for (const [body, headers] of [
    [Buffer.concat([gzipSync(a), Buffer.from(b)]), GZIP],
    [Buffer.concat([gzipSync(a), Buffer.alloc(1_000), gzipSync(b)]), GZIP],
    [Buffer.concat([gzipSync(a), Buffer.from([0x1f, 0x8b])]), GZIP],
    [Buffer.concat([rawZstd(Buffer.from(a)), Buffer.from(b)]), ZSTD],
    [Buffer.concat([rawZstd(Buffer.from(a)), Buffer.alloc(10)]), ZSTD],
  ] as const) {
    await refused(post('NDJSON', body, headers), 400, 'INVALID_COMPRESSION');
  }
  await assertUnharmed();
});
