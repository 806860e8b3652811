import { Buffer } from 'node:buffer';
import { blankFile } from '../../documents/refusals.ts';
import { ServiceError } from '../../errors.ts';
import type { StartCheck } from './head.ts';
import { NdjsonStart } from './ndjson-start.ts';

const MAGIC = Buffer.from('PAR1');
export const MAGIC_BYTES = MAGIC.length;

/** Whether a file begins as a Parquet file does; text may begin so too, but no NDJSON. */
export function isParquet(head: Buffer): boolean {
  return head.subarray(0, MAGIC_BYTES).equals(MAGIC);
}

/** Refuses a Parquet file; the text ends with why. */
export function invalidParquet(why: string): ServiceError {
  return new ServiceError('INVALID_PARQUET', `the file must be a whole Parquet file: ${why}`);
}

/**
 * The beginning of a document for an import of Parquet: such a file, or NDJSON, as its error files
 * are.
 */
export class ParquetStart implements StartCheck {
  readonly #ndjson = new NdjsonStart('APPLICATION_PARQUET');
  #head: Buffer = Buffer.alloc(0);
  #kind: 'PARQUET' | 'NDJSON' | null = null;

  take(chunk: Buffer): void {
    if (this.#kind === 'PARQUET') return;
    if (this.#kind === 'NDJSON') {
      this.#ndjson.take(chunk);
      return;
    }
    this.#head = Buffer.concat([this.#head, chunk]);
    if (this.#head.length >= MAGIC_BYTES) this.#settle();
  }

  end(): void {
    if (this.#kind === null && this.#head.length === 0) throw blankFile();
    if (this.#kind === null) this.#settle();
    if (this.#kind === 'NDJSON') this.#ndjson.end();
  }

  #settle(): void {
    this.#kind = isParquet(this.#head) ? 'PARQUET' : 'NDJSON';
    if (this.#kind === 'NDJSON') this.#ndjson.take(this.#head);
  }
}
