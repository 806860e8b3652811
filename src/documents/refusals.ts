import { ServiceError } from '../errors.ts';
import type { ForeignKind } from './file-kinds.ts';

/** A file that holds nothing but blanks. */
export function blankFile(): ServiceError {
  return new ServiceError('EMPTY_FILE', 'the file must hold at least one record, got nothing but blanks');
}

/** A kind of file that is never taken. */
export function unsupportedFile({ name, advice }: ForeignKind): ServiceError {
  return new ServiceError(
    'UNSUPPORTED_FILE',
    `the file must be NDJSON or CSV in UTF-8, or Parquet, got ${name}: ${advice}`,
  );
}

const NAMES = {
  APPLICATION_X_NDJSON: 'NDJSON (application/x-ndjson)',
  TEXT_CSV: 'CSV (text/csv)',
  APPLICATION_PARQUET: 'Parquet (application/vnd.apache.parquet), or NDJSON as its error files are,',
} as const;

/** The other one of the two formats of text. */
export function otherFormat(expected: keyof typeof NAMES): ServiceError {
  const other = expected === 'TEXT_CSV' ? 'APPLICATION_X_NDJSON' : 'TEXT_CSV';
  return new ServiceError(
    'CONTENT_TYPE_MISMATCH',
    `the file must be ${NAMES[expected]}, as the import says, got ${NAMES[other]}: send it to an import of that format`,
  );
}

/** A JSON array where CSV is expected. */
export function arrayForCsv(): ServiceError {
  return new ServiceError(
    'CONTENT_TYPE_MISMATCH',
    `the file must be ${NAMES.TEXT_CSV}, as the import says, got a JSON array (application/json)`,
  );
}
