import { Readable } from 'node:stream';
import { reasonOfFault, SourceError } from './source-error.ts';

/**
 * How slowly a file may come: less than `minBytesPerSecond` over `windowMs` of waiting for it is
 * too slow; 0: as it likes.
 */
export type MinRate = { readonly minBytesPerSecond: number; readonly windowMs: number };

/**
 * The bytes of a file as they come from a source; what goes wrong with it is a `SourceError`. Time
 * that is spent elsewhere does not count.
 */
export function atLeastAt(source: Readable, rate: MinRate): Readable {
  const bytes = bytesOf(source, rate);
  // whoever reads it is told through what it is read by
  source.on('error', () => undefined);
  return new Readable({
    read() {
      bytes.next().then(
        ({ value, done }) => this.push(done ? null : value),
        (fault: Error) => this.destroy(fault),
      );
    },
    destroy(fault, done) {
      source.destroy();
      done(fault);
    },
  });
}

async function* bytesOf(source: Readable, { minBytesPerSecond, windowMs }: MinRate): AsyncGenerator<Buffer> {
  const chunks = (source as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const expected = (minBytesPerSecond * windowMs) / 1000;
  let waitedMs = 0;
  let bytes = 0;
  for (;;) {
    const since = performance.now();
    const { value, done } = await chunks.next().catch((cause: unknown) => {
      throw cause instanceof SourceError ? cause : new SourceError(reasonOfFault(cause), { cause });
    });
    if (done) return;
    waitedMs += performance.now() - since;
    bytes += value.length;
    if (waitedMs >= windowMs) {
      if (bytes < expected)
        throw new SourceError(
          `it comes too slowly: less than ${minBytesPerSecond} bytes a second (minBytesPerSecond)`,
        );
      waitedMs = 0;
      bytes = 0;
    }
    yield value;
  }
}
