import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBudget } from '../../src/documents/budget.ts';
import { openDocumentsFolder } from '../../src/documents/folder.ts';
import { createSpool } from '../../src/documents/spool.ts';
import { ZSTD_DECODER_BYTES } from '../../src/documents/zstd.ts';
import { ZstdFrames } from '../../src/documents/zstd-frames.ts';
import { decodeZstdInTurn } from '../../src/documents/zstd-in-turn.ts';
import { runs } from '../client.ts';
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
  const most = 2 * (2 * MIB + ZSTD_DECODER_BYTES);
  const budget = createBudget(most);
  let [held, peak, spools] = [0, 0, 0];
  const memory = {
    take: async (bytes: number, waitMs?: number) => {
      const giveBack = await budget.take(bytes, waitMs);
      held += bytes;
      peak = Math.max(peak, held);
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
  const contents = Array.from({ length: 6 }, (_, i) => LINE.repeat(13_000 + i));
  // both ask for more than comes of them, and the second for more than the first
  const packed = contents.map((each) =>
    Buffer.concat([withWindow(each, 4 * MIB), withWindow(each, 64 * MIB)]),
  );
  const texts = await Promise.all(packed.map((each) => textOf(decode(Readable.from([each])))));
  assert.deepEqual(
    texts,
    contents.map((each) => each.repeat(2)),
  );
  assert.equal(held, 0);
  assert.ok(peak <= most && peak > MIB, `${peak} bytes at a time`);
  assert.deepEqual(await readdir(dir), []);
});

test('one that waits too long is OVERLOADED, leaves nothing, and holds nobody up', async (t) => {
  const dir = await makeFolder();
  t.after(() => discardFolder(t, dir));
  const memory = createBudget(64 * MIB);
  const giveBack = await memory.take(63 * MIB);
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

test('a decoder is told of a window that is as large as need be, and hardly larger', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 128 * MIB }), (most) => {
      const [block] = new ZstdFrames(most).push(withWindow(LINE, 128 * MIB));
      const descriptor = block?.bytes[5] ?? 0;
      const base = 2 ** (10 + (descriptor >> 3));
      const window = base + (base / 8) * (descriptor & 7);
      assert.ok(window >= most, `${window} for ${most}`);
      assert.ok(window <= Math.max(1024, most * 1.126), `${window} for ${most}`);
    }),
    { numRuns: runs(500) },
  );
  // a frame that asks for less is left as it is
  const [block] = new ZstdFrames(MIB).push(withWindow(LINE, 1024));
  assert.equal(block?.bytes[5], 0);
});

test('a full memory is told as such, and not as a fault of the file', async (t) => {
  const dir = await makeFolder();
  t.after(() => discardFolder(t, dir));
  const documents = await openDocumentsFolder(dir, LIMITS);
  // as zlib and libzstd say it
  for (const code of ['Z_MEM_ERROR', 'ZSTD_error_memory_allocation']) {
    const stream = new PassThrough();
    const received = receive(documents, stream);
    stream.write(LINE);
    stream.destroy(Object.assign(new Error('not enough memory'), { code }));
    await assert.rejects(received, { code: 'OVERLOADED', status: 503 });
  }
  assert.deepEqual(await readdir(path.join(dir, 'incoming')), []);
});
