import type { ExpectedDocument } from '../../documents/documents.ts';
import { CsvStart } from './csv-start.ts';
import type { StartCheck } from './head.ts';
import { NdjsonStart } from './ndjson-start.ts';
import { ParquetStart } from './parquet-start.ts';

/**
 * The check of a decompressed document. What it throws is a `ServiceError` EMPTY_FILE,
 * UNSUPPORTED_FILE, CONTENT_TYPE_MISMATCH, NOT_NDJSON or INVALID_HEADER.
 */
export function createStartCheck(expected: ExpectedDocument): StartCheck {
  if (expected.mimeType === 'APPLICATION_PARQUET') return new ParquetStart();
  return expected.mimeType === 'TEXT_CSV' ? new CsvStart(expected) : new NdjsonStart();
}
