import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A stage of the pipeline of `receive.ts` that undoes a compression. */
export type Decoder = (source: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;

/** What `source` is after it has gone through `transform`. */
export function throughStream(source: AsyncIterable<Buffer>, transform: Transform): AsyncIterable<Buffer> {
  // A failure destroys `transform` with its error, which reaches whoever reads it.
  pipeline(source, transform).catch(() => {});
  return transform;
}
