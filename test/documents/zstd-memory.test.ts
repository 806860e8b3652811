import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import { createBudget } from '../../src/documents/budget.ts';
import { openDocumentsFolder } from '../../src/documents/folder.ts';
import { createSpool } from '../../src/documents/spool.ts';
import { ZSTD_DECODER_BYTES } from '../../src/documents/zstd.ts';
import { decodeZstdInTurn } from '../../src/documents/zstd-in-turn.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { rawZstd } from '../zstd-samples.ts';
import { LIMITS, LINE, MIB, receive } from './receive.ts';

/** A frame that asks for a window of so many bytes (a power of two). */
function withWindow(content: string, bytes: number): Buffer {
  const frame = rawZstd(Buffer.from(content));
  frame[5] = (Math.log2(bytes) - 10) << 3;
  return frame;
}

async function textOf(source: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test('decoders of zstd share a memory: what does not fit waits for its turn', async (t) => {
  const dir = await makeFolder();
  t.after(() => discardFolder(t, dir));
  const budget = createBudget(2 * (8 * MIB + ZSTD_DECODER_BYTES));
  let [held, most, spools] = [0, 0, 0];
  const memory = {
    take: async (bytes: number, waitMs?: number) => {
      const giveBack = await budget.take(bytes, waitMs);
      held += bytes;
      most = Math.max(most, held);
      return () => {
        held -= bytes;
        giveBack?.();
      };
    },
  };
  const decode = decodeZstdInTurn({
    createSpool: () => createSpool(path.join(dir, `${++spools}`), async () => {}),
    memory,
    waitMs: 60_000,
  });
  const contents = Array.from({ length: 6 }, (_, i) => LINE.repeat(i + 1));
  // the second frame asks for more than the first
  const packed = contents.map((each) => Buffer.concat([withWindow(each, MIB), withWindow(each, 8 * MIB)]));
  const texts = await Promise.all(packed.map((each) => textOf(decode(Readable.from([each])))));
  assert.deepEqual(
    texts,
    contents.map((each) => each.repeat(2)),
  );
  assert.equal(held, 0);
  assert.ok(most <= 2 * (8 * MIB + ZSTD_DECODER_BYTES) && most > 8 * MIB, `${most} bytes at a time`);
  assert.deepEqual(await readdir(dir), []);
});

test('one that waits too long is OVERLOADED, leaves nothing, and holds nobody up', async (t) => {
  const dir = await makeFolder();
  t.after(() => discardFolder(t, dir));
  const memory = createBudget(64 * MIB);
  const giveBack = await memory.take(60 * MIB);
  const file = path.join(dir, 'spool');
  const decode = decodeZstdInTurn({
    createSpool: () => createSpool(file, async () => {}),
    memory,
    waitMs: 30,
  });
  const send = () => textOf(decode(Readable.from([withWindow(LINE, 16 * MIB)])));
  await assert.rejects(send(), { code: 'OVERLOADED', status: 503, retryAfterSeconds: 10 });
  assert.deepEqual(await readdir(dir), []);
  // a smaller one behind it does not wait for what will never come
  const large = memory.take(10 * MIB, 20);
  const small = memory.take(1 * MIB, 5_000);
  assert.equal(await large, null);
  (await small)?.();
  giveBack?.();
  assert.equal(await send(), LINE);
});

test('what asks for more than there is at all gets all of it', async () => {
  const memory = createBudget(10);
  const giveBack = await memory.take(100);
  const next = memory.take(1);
  giveBack?.();
  assert.notEqual(await next, null);
});

test('slow senders of zstd hold no memory, and many with large windows are all taken', async (t) => {
  const dir = await makeFolder();
  t.after(() => discardFolder(t, dir));
  const documents = await openDocumentsFolder(dir, LIMITS);
  const packed = withWindow(LINE, 128 * MIB);
  // each of them would hold a whole window while it stands still
  const slow = Array.from({ length: 8 }, () => new PassThrough());
  const received = slow.map((stream) => receive(documents, stream, { contentEncoding: 'zstd' }));
  for (const stream of slow) stream.write(packed.subarray(0, -1));
  const quick = await receive(documents, packed);
  assert.equal(quick.bytes, LINE.length);
  for (const stream of slow) stream.end(packed.subarray(-1));
  for (const each of await Promise.all(received)) assert.equal(each.sha256, quick.sha256);
  assert.deepEqual(await readdir(path.join(dir, 'incoming')), []);
});
