import { once } from 'node:events';
import type { Transform } from 'node:stream';
import type { Worker } from 'node:worker_threads';
import zlib from 'node:zlib';
import { ServiceError } from '../errors.ts';
import { throughStream } from './decoder.ts';
import { invalidCompression, type ZstdBlock, ZstdFrames } from './zstd-frames.ts';
import { startZstdWorker, type ZstdAnswer } from './zstd-worker.ts';

/** Longest a block of 128 KiB may take; real ones take milliseconds. */
const BLOCK_DEADLINE_MS = 10_000;
/** Longest all blocks of a stream may take: 100 MiB under a window of 128 MiB take less. */
const STREAM_DEADLINE_MS = 120_000;
const MIB = 1024 * 1024;

const native = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress;

/** What a decoder holds beside its window; a thread has a heap of its own. */
export const ZSTD_DECODER_BYTES = native === undefined ? 32 * MIB : 2 * MIB;

/**
 * Decompresses zstd: with Node's own decoder (Node ≥ 22.15), else with fzstd. Both are fed by
 * `ZstdFrames`, so that truncated streams, windows and several frames are treated alike.
 * `mostWindowBytes`: see `ZstdFrames`. It may hold a window of 128 MiB: uploads go through
 * `zstd-in-turn.ts`.
 */
export function decodeZstd(source: AsyncIterable<Buffer>, mostWindowBytes?: number): AsyncIterable<Buffer> {
  const blocks = blocksOf(source, mostWindowBytes);
  return native === undefined ? decodeBlocksInWorker(blocks) : throughStream(bytesOf(blocks), native());
}

async function* bytesOf(blocks: AsyncIterable<ZstdBlock>): AsyncGenerator<Buffer> {
  for await (const block of blocks) yield block.bytes;
}

async function* blocksOf(source: AsyncIterable<Buffer>, mostWindowBytes?: number): AsyncGenerator<ZstdBlock> {
  const frames = new ZstdFrames(mostWindowBytes);
  for await (const chunk of source) yield* frames.push(chunk);
  frames.end();
}

/** `decodeZstd` with fzstd, whatever Node has. */
export function decodeInWorker(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  return decodeBlocksInWorker(blocksOf(source));
}

/**
 * fzstd in a thread. It trusts its input: a forged block can make it loop for ever or for minutes
 * (a tree with a single symbol; a hundred thousand matches of 128 KiB), and in a thread that costs
 * this upload and not the service. It moves the whole window with each block, which many small
 * blocks under a large window make expensive: hence a limit for all of them.
 */
async function* decodeBlocksInWorker(blocks: AsyncIterable<ZstdBlock>): AsyncGenerator<Buffer> {
  let worker: Worker | null = null;
  let leftMs = STREAM_DEADLINE_MS;
  try {
    for await (const block of blocks) {
      worker ??= startZstdWorker();
      const startedAt = performance.now();
      const output = await decodeBlock(worker, block, Math.min(leftMs, BLOCK_DEADLINE_MS));
      leftMs -= performance.now() - startedAt;
      yield Buffer.from(output.buffer, output.byteOffset, output.byteLength);
    }
  } finally {
    await worker?.terminate();
  }
}

async function decodeBlock(worker: Worker, block: ZstdBlock, mostMs: number): Promise<Uint8Array> {
  const deadline = AbortSignal.timeout(Math.max(0, Math.floor(mostMs)));
  worker.postMessage(block);
  try {
    const [answer]: ZstdAnswer[] = await once(worker, 'message', { signal: deadline });
    if (answer === undefined) throw new Error('a message of the zstd thread is missing');
    if ('failure' in answer) {
      // a full memory says nothing of the file
      if (/allocation|out of memory/i.test(answer.failure)) throw overloaded(answer.failure);
      throw invalidCompression('zstd', answer.failure);
    }
    return answer.output;
  } catch (error) {
    if (deadline.aborted) throw overloaded('decoding takes too long', error);
    if (/^ERR_WORKER_/.test(String((error as { code?: unknown }).code)))
      throw overloaded('no thread for it', error);
    throw error;
  }
}

/** A busy machine is as slow as a forged block is: the sender may try again. */
function overloaded(why: string, cause?: unknown): ServiceError {
  const message = `the file in zstd could not be decompressed for now (${why}): try again soon, or send it in gzip`;
  return new ServiceError('OVERLOADED', message, { cause });
}
