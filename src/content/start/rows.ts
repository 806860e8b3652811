import { Buffer } from 'node:buffer';
import { createCsvSplitter } from '../../import/csv.ts';
import type { CsvHeader } from '../../import/document-format.ts';

/**
 * Bytes are looked at in pieces of so many, so that little is read of a file whose first line is a
 * row.
 */
const PIECE_BYTES = 4 * 1024;

/**
 * Looks below a CSV header for a row, with the parser that reads rows: what it passes over is none.
 */
export class RowSearch {
  readonly #splitter: ReturnType<typeof createCsvSplitter>;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #found = false;

  constructor(header: CsvHeader) {
    // only at the start of a document would a byte order mark be one of the document's
    this.#splitter = createCsvSplitter(header, { offset: 1, line: 1 });
  }

  get found(): boolean {
    return this.#found;
  }

  take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.#found; ) {
      const piece = chunk.subarray(at, at + PIECE_BYTES - this.#pendingBytes);
      // a copy: whoever gave the chunk may use its memory again
      this.#pending.push(Buffer.from(piece));
      this.#pendingBytes += piece.length;
      at += piece.length;
      if (this.#pendingBytes === PIECE_BYTES) this.#look('MORE');
    }
  }

  /** The document has ended. */
  end(): void {
    if (!this.#found) this.#look('LAST');
  }

  #look(which: 'MORE' | 'LAST'): void {
    const piece = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#found = this.#splitter.push(piece, which === 'LAST').length > 0;
  }
}
