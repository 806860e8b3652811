import type { Buffer } from 'node:buffer';
import { binaryKindOf, KIND_BYTES, textKindOf, unknownBinaryOf } from '../../documents/file-kinds.ts';
import { blankFile, otherFormat, unsupportedFile } from '../../documents/refusals.ts';
import { ServiceError } from '../../errors.ts';
import { OPENING_BRACE, OPENING_BRACKET } from '../../import/ascii.ts';
import { Head, type StartCheck } from './head.ts';
import { shapeOf } from './table.ts';

/** How far a line that may be a command is looked for, where the first one is none. */
const HEAD_BYTES = 64 * 1024;

/** The beginning of an NDJSON document. */
export class NdjsonStart implements StartCheck {
  readonly #expected: 'APPLICATION_X_NDJSON' | 'APPLICATION_PARQUET';
  readonly #head = new Head(HEAD_BYTES);
  #hasKind = false;
  #isSettled = false;

  /** An import of Parquet takes NDJSON as well, and says so. */
  constructor(expected: 'APPLICATION_X_NDJSON' | 'APPLICATION_PARQUET' = 'APPLICATION_X_NDJSON') {
    this.#expected = expected;
  }

  take(chunk: Buffer): void {
    if (this.#isSettled) return;
    const wasBlank = this.#head.isBlank;
    this.#head.take(chunk);
    if (this.#head.isBlank) return;
    if (wasBlank) this.#refuseArray();
    if (this.#head.length >= KIND_BYTES) this.#checkKind();
    if (this.#head.length >= HEAD_BYTES) this.#checkShape();
  }

  end(): void {
    this.#head.end();
    if (this.#head.isBlank) throw blankFile();
    this.#checkKind();
    this.#checkShape();
  }

  /** At once, however little has come. */
  #refuseArray(): void {
    const head = this.#head.bytes;
    // in UTF-16 a zero follows
    if (head[0] !== OPENING_BRACKET || head[1] === 0) return;
    throw new ServiceError(
      'NOT_NDJSON',
      'the file must be NDJSON, one JSON object per line, got a JSON array: it begins with "["',
    );
  }

  #checkKind(): void {
    if (this.#hasKind || this.#isSettled) return;
    this.#hasKind = true;
    const head = this.#head.bytes;
    const kind = binaryKindOf(head) ?? textKindOf(head);
    if (kind !== null) throw unsupportedFile(kind);
    this.#isSettled = head[0] === OPENING_BRACE;
  }

  /**
   * Of a first line that is no object. Lines that are objects may follow it, as after a file that
   * was cut in the middle.
   */
  #checkShape(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    const head = this.#head.bytes;
    const shape = shapeOf(head);
    if (shape === 'OBJECTS') return;
    if (shape === 'TABLE') throw otherFormat(this.#expected);
    const kind = unknownBinaryOf(head);
    if (kind !== null) throw unsupportedFile(kind);
  }
}
