import { Buffer } from 'node:buffer';

const BOM = [0xef, 0xbb, 0xbf] as const;

/**
 * Looks at the first bytes of a document, chunk by chunk, and throws as soon as the whole is known
 * to be refused. The same code looks at them in the service, in the CLI and in a browser.
 */
export interface StartCheck {
  /** Takes the next bytes of the document. */
  take(chunk: Buffer): void;
  /** The document has ended. */
  end(): void;
}

/**
 * The beginning of a document from its first byte that is no blank and no byte order mark, over
 * chunks.
 */
export class Head {
  readonly #mostBytes: number;
  readonly #parts: Buffer[] = [];
  #length = 0;
  /** Bytes of a byte order mark that the last chunk ended in. */
  #bomBytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** Whether nothing but blanks has come. */
  get isBlank(): boolean {
    return this.#length === 0;
  }

  /** As much as there is of it, up to the limit. */
  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  take(chunk: Buffer): void {
    if (this.#length >= this.#mostBytes) return;
    const rest = this.isBlank ? this.#skipBlanks(chunk) : chunk;
    if (rest.length === 0) return;
    const part = rest.subarray(0, this.#mostBytes - this.#length);
    // a copy: whoever gave the chunk may use its memory again
    this.#parts.push(Buffer.from(part));
    this.#length += part.length;
  }

  /** The document has ended: a piece of a byte order mark at its end is none. */
  end(): void {
    if (this.isBlank && this.#bomBytes > 0) this.#add(BOM.slice(0, this.#bomBytes));
  }

  #skipBlanks(chunk: Buffer): Buffer {
    let at = 0;
    for (; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (byte === BOM[this.#bomBytes]) this.#bomBytes = (this.#bomBytes + 1) % BOM.length;
      else if (this.#bomBytes > 0 || !isBlank(byte)) break;
    }
    if (at < chunk.length && this.#bomBytes > 0) this.#add(BOM.slice(0, this.#bomBytes));
    return chunk.subarray(at);
  }

  #add(bytes: readonly number[]): void {
    this.#parts.push(Buffer.from(bytes));
    this.#length += bytes.length;
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a;
}
