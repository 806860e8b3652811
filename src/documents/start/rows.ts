import type { Buffer } from 'node:buffer';

const QUOTE = 0x22;
const NEWLINE = 0x0a;
const BOM = [0xef, 0xbb, 0xbf] as const;

type State = 'LINE_START' | 'CELL_START' | 'QUOTED' | 'AFTER_QUOTE';

/**
 * Looks below a CSV header for a row, over chunks. Cells that are all blank make no row, quoted or not; whatever cannot be
 * read as such cells does.
 */
export class RowSearch {
  readonly #delimiter: number;
  #state: State = 'LINE_START';
  #bomBytes = 0;
  #found = false;

  constructor(delimiter: string) {
    this.#delimiter = delimiter.charCodeAt(0);
  }

  get found(): boolean {
    return this.#found;
  }

  take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.#found; at++) this.#step(chunk[at] ?? 0);
  }

  /** The document has ended: a quoted cell that is still open is a row, though a broken one. */
  end(): void {
    if (this.#state === 'QUOTED' || this.#bomBytes > 0) this.#found = true;
  }

  #step(byte: number): void {
    if (this.#state === 'LINE_START' && byte === BOM[this.#bomBytes]) {
      this.#bomBytes = (this.#bomBytes + 1) % BOM.length;
    } else if (this.#bomBytes > 0) {
      this.#found = true;
    } else if (this.#state === 'QUOTED') {
      if (byte === QUOTE) this.#state = 'AFTER_QUOTE';
      else this.#found = !isBlank(byte) && byte !== NEWLINE;
    } else if (byte === NEWLINE) {
      this.#state = 'LINE_START';
    } else if (byte === this.#delimiter) {
      this.#state = 'CELL_START';
    } else if (byte === QUOTE && this.#state !== 'AFTER_QUOTE') {
      this.#state = 'QUOTED';
    } else if (!isBlank(byte)) {
      this.#found = true;
    }
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}
