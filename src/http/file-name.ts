import { Buffer, isUtf8 } from 'node:buffer';
import { parse } from 'content-disposition';
import { withoutCompressionEnding } from '../documents/start/compression.ts';
import type { MimeType } from '../model/records.ts';

const MOST_CHARACTERS = 255;
const DEFAULT_NAME = { APPLICATION_X_NDJSON: 'document.ndjson', TEXT_CSV: 'document.csv' } as const;

/**
 * The name an uploaded file is shown under: the last part of what the sender said, without control characters, and without
 * the ending of a compression, since the file is kept decompressed.
 */
export function cleanFileName(given: string | null, mimeType: MimeType): string {
  const base = (given ?? '').split(/[/\\]/).at(-1) ?? '';
  const shown = base.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu, '').trim();
  const clean = [...withoutCompressionEnding(shown)].slice(0, MOST_CHARACTERS).join('');
  return clean === '' || clean === '.' || clean === '..' ? DEFAULT_NAME[mimeType] : clean;
}

/** The name in a Content-Disposition header (RFC 6266), `filename*` before `filename`; null when there is none. */
export function nameInDisposition(header: string | undefined): string | null {
  return header === undefined ? null : (parse(utf8OfHeader(header)).parameters.filename ?? null);
}

/**
 * The text of a header whose bytes came as one character each. It is ISO 8859-1 by the book; what senders mean by bytes beyond
 * ASCII is UTF-8 wherever that can be.
 */
export function utf8OfHeader(header: string): string {
  const bytes = Buffer.from(header, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : header;
}
