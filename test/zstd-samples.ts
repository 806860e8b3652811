const MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const BLOCK_BYTES = 100_000;
/** Window descriptor of 1 MiB. */
const WINDOW = 10 << 3;

/**
 * A zstd frame that holds `content` uncompressed: what Node 20 can make without a zstd of its own.
 */
export function rawZstd(content: Buffer): Buffer {
  const parts: Buffer[] = [MAGIC, Buffer.from([0, WINDOW])];
  for (let at = 0; at < content.length; at += BLOCK_BYTES) {
    const block = content.subarray(at, at + BLOCK_BYTES);
    const isLast = at + BLOCK_BYTES >= content.length;
    parts.push(blockHeader('RAW', block.length, isLast), block);
  }
  return Buffer.concat(parts);
}

/** A zstd frame of so many blocks, each of which becomes 128 KiB: four bytes on the wire. */
export function rleZstd(blocks: number): Buffer {
  const block = Buffer.concat([blockHeader('RLE', 128 * 1024, false), Buffer.from('x')]);
  const repeated = Buffer.alloc(block.length * blocks, block);
  return Buffer.concat([MAGIC, Buffer.from([0, WINDOW]), repeated, blockHeader('RAW', 0, true)]);
}

function blockHeader(kind: 'RAW' | 'RLE', size: number, isLast: boolean): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((size << 3) | (kind === 'RLE' ? 2 : 0) | (isLast ? 1 : 0), 0, 3);
  return header;
}
