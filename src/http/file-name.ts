import type { MimeType } from '../model/records.ts';

const MOST_CHARACTERS = 255;
const DEFAULT_NAME = { APPLICATION_X_NDJSON: 'document.ndjson', TEXT_CSV: 'document.csv' } as const;

/** The name an uploaded file is shown under: the last part of what the sender said, without control characters. */
export function cleanFileName(given: string | null, mimeType: MimeType): string {
  const base = (given ?? '').split(/[/\\]/).at(-1) ?? '';
  const clean = [...base.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu, '').trim()]
    .slice(0, MOST_CHARACTERS)
    .join('');
  return clean === '' || clean === '.' || clean === '..' ? DEFAULT_NAME[mimeType] : clean;
}

/** The name in a Content-Disposition header (RFC 6266), `filename*` before `filename`; null when there is none. */
export function nameInDisposition(header: string | undefined): string | null {
  if (header === undefined) return null;
  const extended = /;\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(header)?.[1];
  if (extended !== undefined) {
    try {
      return decodeURIComponent(extended);
    } catch {
      // Badly encoded: the plain name beside it may still do.
    }
  }
  const [, quoted, plain] = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(header) ?? [];
  return quoted?.replace(/\\(.)/g, '$1') ?? plain ?? null;
}
