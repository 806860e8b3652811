import { createHash } from 'node:crypto';

/** Passes bytes on and counts and hashes them; `measured` tells of what has passed. */
export function measuring(source: AsyncIterable<Buffer>): {
  readonly content: AsyncGenerator<Buffer>;
  readonly measured: () => { readonly bytes: number; readonly sha256: string };
} {
  const hash = createHash('sha256');
  let bytes = 0;
  async function* pass(): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  return { content: pass(), measured: () => ({ bytes, sha256: hash.copy().digest('hex') }) };
}
