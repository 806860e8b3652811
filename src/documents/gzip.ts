import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Decoder } from './decoder.ts';
import { invalidCompression } from './zstd-frames.ts';

/**
 * Decompresses gzip, of one member or several. Zeros may follow the last one, as padding; Node
 * ignores whatever comes after such zeros, which would lose the lines of another member without a
 * word, so that it is refused here.
 */
export const decodeGzip: Decoder = async function* (source) {
  const gunzip = createGunzip();
  let bytes = 0;
  /** Where the last byte is that is not zero. */
  let lastAt = -1;
  async function* watched(): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      let at = chunk.length - 1;
      while (at >= 0 && chunk[at] === 0) at--;
      if (at >= 0) lastAt = bytes + at;
      bytes += chunk.length;
      yield chunk;
    }
  }
  const written = pipeline(watched(), gunzip);
  // It reaches whoever reads `gunzip`, which is destroyed with it.
  written.catch(() => {});
  try {
    // Not destroyed at the end of its output: its input may go on.
    yield* gunzip.iterator({ destroyOnReturn: false });
    await written;
    if (lastAt >= gunzip.bytesWritten) throw invalidCompression('gzip', 'something follows its end');
  } finally {
    gunzip.destroy();
  }
};
