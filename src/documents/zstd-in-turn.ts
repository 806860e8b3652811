import { ServiceError } from '../errors.ts';
import { type Budget, createBudget } from './budget.ts';
import type { Decoder } from './decoder.ts';
import type { Spool } from './spool.ts';
import { decodeZstd, ZSTD_DECODER_BYTES } from './zstd.ts';
import { ZstdFrames } from './zstd-frames.ts';

/**
 * What all zstd decoders of a process may hold together: one with the largest window, or many with
 * common ones.
 */
const MEMORY_BYTES = 256 * 1024 * 1024;
/** Less than proxies and clients wait for an answer. */
const WAIT_MS = 30_000;

const MEMORY = createBudget(MEMORY_BYTES);

type InTurn = {
  /** A new one for each stream. */
  readonly createSpool: () => Spool;
  readonly memory?: Budget;
  readonly waitMs?: number;
};

/**
 * Decompresses zstd within the memory that all such decoders share. A stream is stored as it came
 * first: then its windows are known, and a decoder holds its memory for as long as decoding takes
 * and not for as long as a slow sender likes. A stream that waits too long for memory is refused as
 * one that may be sent again, since nothing is wrong with it.
 */
export function decodeZstdInTurn({ createSpool, memory = MEMORY, waitMs = WAIT_MS }: InTurn): Decoder {
  return async function* (source) {
    const spool = createSpool();
    try {
      const frames = new ZstdFrames();
      await spool.write(followed(source, frames));
      frames.end();
      const giveBack = await memory.take(frames.windowBytes + ZSTD_DECODER_BYTES, waitMs);
      if (giveBack === null) throw noMemory();
      try {
        yield* decodeZstd(spool.read(), frames.windowBytes);
      } finally {
        giveBack();
      }
    } finally {
      await spool.discard();
    }
  };
}

async function* followed(source: AsyncIterable<Buffer>, frames: ZstdFrames): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    frames.follow(chunk);
    yield chunk;
  }
}

function noMemory(): ServiceError {
  return new ServiceError(
    'OVERLOADED',
    'too many files in zstd are being decompressed: try again soon, or send it in gzip',
  );
}
