import type { Buffer } from 'node:buffer';
import type { CsvProfile } from '../../import/csv-header.ts';
import type { Mapping } from '../../model/mapping.ts';
import type { MimeType } from '../../model/records.ts';
import { CsvStart } from './csv-start.ts';
import { NdjsonStart } from './ndjson-start.ts';
import { ParquetStart } from './parquet-start.ts';

/** What a document must be. */
export type ExpectedDocument = {
  readonly mimeType: MimeType;
  /** Chooses the columns that a CSV header may have. */
  readonly profile: CsvProfile;
  /** Whether a CSV header without a row is taken: true if nothing is said. */
  readonly allowEmpty?: boolean;
  /**
   * How its own names become fields; none if nothing is said. What it hashes is hashed before
   * anything is kept.
   */
  readonly mapping?: Mapping | null;
};

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
 * The check of a decompressed document. What it throws is a `ServiceError` EMPTY_FILE,
 * UNSUPPORTED_FILE, CONTENT_TYPE_MISMATCH, NOT_NDJSON or INVALID_HEADER.
 */
export function createStartCheck(expected: ExpectedDocument): StartCheck {
  if (expected.mimeType === 'APPLICATION_PARQUET') return new ParquetStart();
  return expected.mimeType === 'TEXT_CSV' ? new CsvStart(expected) : new NdjsonStart();
}
