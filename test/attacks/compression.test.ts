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

test('a bomb inside a bomb is unpacked once, and what it is then is no line', async (t) => {
  const { run, assertUnharmed } = await createTarget(t, { maxUploadBytes: MIB });
  const bomb = gzipSync(gzipSync(Buffer.alloc(64 * MIB, ' \n')));
  const { status, result } = await run('NDJSON', bomb, GZIP);
  assert.deepEqual([status, result.total_success], ['SUCCEEDED', 0]);
  assert.ok(result.total_failure > 0);
  await assertUnharmed();
});

test('several encodings at once are refused, and not tried one after the other', async (t) => {
  const { post, line, assertUnharmed } = await createTarget(t);
  for (const encoding of ['gzip, gzip', 'gzip,zstd', 'zstd, identity', 'gzip;q=1', '*', 'GZIP GZIP']) {
    const body = gzipSync(gzipSync(line('a')));
    await refused(
      post('NDJSON', body, { 'content-encoding': encoding }),
      400,
      'UNSUPPORTED_CONTENT_ENCODING',
    );
  }
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
