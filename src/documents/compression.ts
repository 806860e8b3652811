/** A compression that is undone wherever it is met. */
export type Compression = 'gzip' | 'zstd';

/**
 * Ranges of the first bytes. The second line is of frames that zstd decoders skip, which may come
 * first (RFC 8878, 3.1.2).
 */
const MAGICS: readonly {
  readonly compression: Compression;
  readonly bytes: readonly (readonly [number, number])[];
}[] = [
  { compression: 'gzip', bytes: [exactly(0x1f), exactly(0x8b)] },
  { compression: 'zstd', bytes: [[0x50, 0x5f], exactly(0x2a), exactly(0x4d), exactly(0x18)] },
  { compression: 'zstd', bytes: [exactly(0x28), exactly(0xb5), exactly(0x2f), exactly(0xfd)] },
];

/**
 * How a file is compressed, by its first bytes, which do not lie as names and headers do; null
 * where it is not. Undefined while there are too few of them to tell.
 */
export function compressionOf(head: Uint8Array): Compression | null | undefined {
  const possible = MAGICS.filter(({ bytes }) =>
    bytes.every(([low, high], i) => i >= head.length || ((head[i] ?? 0) >= low && (head[i] ?? 0) <= high)),
  );
  const [first] = possible;
  if (first === undefined) return null;
  return head.length >= first.bytes.length ? first.compression : undefined;
}

function exactly(byte: number): readonly [number, number] {
  return [byte, byte];
}

/** A file name without the endings that a compression gave it: what is kept is decompressed. */
export function withoutCompressionEnding(name: string): string {
  return name.replace(/(?:\.(?:gz|gzip|zst|zstd)){1,4}$/i, '');
}
