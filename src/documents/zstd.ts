import { once } from 'node:events';
import type { Transform } from 'node:stream';
import type { Worker } from 'node:worker_threads';
import zlib from 'node:zlib';
import { ServiceError } from '../errors.ts';
import { type Decoder, throughStream } from './decoder.ts';
import { invalidCompression, type ZstdBlock, ZstdFrames } from './zstd-frames.ts';
import { startZstdWorker, type ZstdAnswer } from './zstd-worker.ts';

/** Longest a block of 128 KiB may take; real ones take milliseconds. */
const BLOCK_DEADLINE_MS = 10_000;
const MIB = 1024 * 1024;

const native = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress;

/** What a decoder holds beside its window; a thread has a heap of its own. */
export const ZSTD_DECODER_BYTES = native === undefined ? 32 * MIB : 2 * MIB;

/**
 * Decompresses zstd: with Node's own decoder (Node ≥ 22.15), else with fzstd. Both are fed by `ZstdFrames`, so that
 * truncated streams, windows and several frames are treated alike. It may hold a window of 128 MiB: uploads go through
 * `zstd-in-turn.ts`.
 */
export const decodeZstd: Decoder = (source) =>
  native === undefined ? decodeInWorker(source) : throughStream(guardFrames(source), native());

async function* guardFrames(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const block of blocksOf(source)) yield block.bytes;
}

async function* blocksOf(source: AsyncIterable<Buffer>): AsyncGenerator<ZstdBlock> {
  const frames = new ZstdFrames();
  for await (const chunk of source) yield* frames.push(chunk);
  frames.end();
}

/**
 * fzstd in a thread. It trusts its input: a forged block can make it loop for ever or for minutes (a tree with a single
 * symbol; a hundred thousand matches of 128 KiB), and in a thread that costs this upload and not the service.
 */
export async function* decodeInWorker(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let worker: Worker | null = null;
  try {
    for await (const block of blocksOf(source)) {
      worker ??= startZstdWorker();
      const output = await decodeBlock(worker, block);
      yield Buffer.from(output.buffer, output.byteOffset, output.byteLength);
    }
  } finally {
    await worker?.terminate();
  }
}

async function decodeBlock(worker: Worker, block: ZstdBlock): Promise<Uint8Array> {
  const deadline = AbortSignal.timeout(BLOCK_DEADLINE_MS);
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
    if (deadline.aborted) throw overloaded('a block takes too long to decode', error);
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
