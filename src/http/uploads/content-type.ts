import { Buffer, isUtf8 } from 'node:buffer';
import { parse } from 'content-disposition';
import { ServiceError } from '../../errors.ts';
import type { MimeType } from '../../model/records.ts';

export const CONTENT_TYPE = {
  APPLICATION_X_NDJSON: 'application/x-ndjson',
  TEXT_CSV: 'text/csv',
  APPLICATION_PARQUET: 'application/vnd.apache.parquet',
} as const;

const MOST_FORM_TYPE = 200;
/**
 * Say nothing of what a part is. Browsers and curl choose a type by the ending of the file's name,
 * and know few.
 */
const SILENT_PART_TYPES: readonly string[] = [
  '',
  'application/octet-stream',
  'text/plain',
  'application/gzip',
  'application/x-gzip',
  'application/zstd',
];
/** What browsers call CSV on a machine with Excel, and TSV. */
const CSV_PART_TYPES: readonly string[] = ['application/vnd.ms-excel', 'text/tab-separated-values'];

/** How the file of an upload comes: as the body itself, or as a part of a form. */
export type Carrier = 'BODY' | 'MULTIPART';

/**
 * Checks the Content-Type of an upload against its import (spec §6).
 *
 * @throws ServiceError CONTENT_TYPE_MISMATCH
 */
export function checkContentType(header: string | undefined, mimeType: MimeType): Carrier {
  const { type, isReadable } = readContentType(header, mimeType);
  if (type === 'multipart/form-data') {
    // A boundary has at most 70 characters (RFC 2046); its parser takes some more, and fails on
    // what is far over.
    if ((header ?? '').length <= MOST_FORM_TYPE) return 'MULTIPART';
    throw new ServiceError(
      'INVALID_REQUEST',
      `Content-Type of a form must be at most ${MOST_FORM_TYPE} characters long, got ${header?.length}`,
    );
  }
  if (fits(type, mimeType) && isReadable) return 'BODY';
  throw new ServiceError(
    'CONTENT_TYPE_MISMATCH',
    `Content-Type must be ${CONTENT_TYPE[mimeType]} in ${encodingsOf(mimeType)}, as the import says, or multipart/form-data, got ${quoted(header)}`,
  );
}

/**
 * Checks the Content-Type of the part of a form that is the file: as that of a body, but that it
 * may say nothing.
 *
 * @throws ServiceError CONTENT_TYPE_MISMATCH
 */
export function checkPartType(header: string | undefined, mimeType: MimeType): void {
  const { type, isReadable } = readContentType(header, mimeType);
  const isOwn =
    fits(type, mimeType) ||
    SILENT_PART_TYPES.includes(type) ||
    (mimeType === 'TEXT_CSV' && CSV_PART_TYPES.includes(type));
  if (isOwn && isReadable) return;
  throw new ServiceError(
    'CONTENT_TYPE_MISMATCH',
    `Content-Type of the part "file" must be ${CONTENT_TYPE[mimeType]} in ${encodingsOf(mimeType)}, as the import says, or absent, got ${quoted(header)}`,
  );
}

/** An import of Parquet takes its error files too, which are NDJSON. */
function fits(type: string, mimeType: MimeType): boolean {
  const isErrorFile = mimeType === 'APPLICATION_PARQUET' && type === CONTENT_TYPE.APPLICATION_X_NDJSON;
  return type === CONTENT_TYPE[mimeType] || isErrorFile;
}

function readContentType(
  header: string | undefined,
  mimeType: MimeType,
): { type: string; isReadable: boolean } {
  // the same grammar as that of a Content-Disposition
  const { type, parameters } = parse(header ?? '', { extended: false });
  const charsets = mimeType === 'TEXT_CSV' ? /^utf-?(?:8|16(?:le|be)?)$/i : /^utf-?8$/i;
  return {
    type: type.trim().toLowerCase(),
    isReadable: charsets.test((parameters.charset ?? 'utf-8').trim()),
  };
}

/** JSON is UTF-8 alone; a CSV may be what Excel calls "Unicode Text". */
function encodingsOf(mimeType: MimeType): string {
  return mimeType === 'TEXT_CSV' ? 'UTF-8 or UTF-16' : 'UTF-8';
}

function quoted(header: string | undefined): string {
  return header === undefined ? 'none' : JSON.stringify(header.slice(0, 200));
}

/**
 * The name in a Content-Disposition header (RFC 6266), `filename*` before `filename`; null when
 * there is none. By the book a backslash is left out of what is quoted; only one before a quote or
 * a backslash is meant so, others are of paths.
 */
export function nameInDisposition(header: string | undefined): string | null {
  if (header === undefined) return null;
  const escaped = utf8OfHeader(header).replace(/\\([\\"])?/g, (pair, next) => (next ? pair : '\\\\'));
  return parse(escaped).parameters.filename ?? null;
}

/**
 * The Content-Disposition of a part of a form. Browsers write a quote in it as `%22`, which the
 * library reads, and a backslash as it is; others write a quote as `\"`. At the end of a parameter
 * that is the last backslash of a path.
 */
export function partDisposition(header: string): ReturnType<typeof parse> {
  return parse(utf8OfHeader(header).replace(/\\"(?![ \t]*(?:;|$))/g, '%22'), { multipart: true });
}

/**
 * The text of a header whose bytes came as one character each. It is ISO 8859-1 by the book; what
 * senders mean by bytes beyond ASCII is UTF-8 wherever that can be.
 */
export function utf8OfHeader(header: string): string {
  const bytes = Buffer.from(header, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : header;
}
