import { ServiceError } from '../errors.ts';
import type { MimeType } from '../model/records.ts';

export const CONTENT_TYPE = { APPLICATION_X_NDJSON: 'application/x-ndjson', TEXT_CSV: 'text/csv' } as const;

const MOST_FORM_TYPE = 200;

/** How the file of an upload comes: as the body itself, or as a part of a form. */
export type Carrier = 'BODY' | 'MULTIPART';

/**
 * Checks the Content-Type of an upload against its import (spec §6).
 *
 * @throws ServiceError CONTENT_TYPE_MISMATCH
 */
export function checkContentType(header: string | undefined, mimeType: MimeType): Carrier {
  const [type = '', ...parameters] = (header ?? '').split(';').map((part) => part.trim());
  if (type.toLowerCase() === 'multipart/form-data') {
    // A boundary has at most 70 characters (RFC 2046); its parser takes some more, and fails on what is far over.
    if ((header ?? '').length <= MOST_FORM_TYPE) return 'MULTIPART';
    throw new ServiceError(
      'INVALID_REQUEST',
      `Content-Type of a form must be at most ${MOST_FORM_TYPE} characters long, got ${header?.length}`,
    );
  }
  const charset = parameters.map(readCharset).find((value) => value !== null) ?? 'utf-8';
  if (type.toLowerCase() === CONTENT_TYPE[mimeType] && /^utf-?8$/i.test(charset)) return 'BODY';
  const given = header === undefined ? 'none' : JSON.stringify(header.slice(0, 200));
  throw new ServiceError(
    'CONTENT_TYPE_MISMATCH',
    `Content-Type must be ${CONTENT_TYPE[mimeType]} in UTF-8, as the import says, or multipart/form-data, got ${given}`,
  );
}

function readCharset(parameter: string): string | null {
  const [, value = null] = /^charset\s*=(.*)$/is.exec(parameter) ?? [];
  return value?.trim().replaceAll('"', '') ?? null;
}
