import type { MimeType } from '../model/records.ts';
import { withoutCompressionEnding } from './compression.ts';

const MOST_CHARACTERS = 255;
const DEFAULT_NAME = {
  APPLICATION_X_NDJSON: 'document.ndjson',
  TEXT_CSV: 'document.csv',
  APPLICATION_PARQUET: 'document.parquet',
} as const;

/**
 * The name an uploaded file is shown under: the last part of what the sender said, without control
 * characters, and without the ending of a compression, since the file is kept decompressed.
 */
export function cleanFileName(given: string | null, mimeType: MimeType): string {
  const base = (given ?? '').split(/[/\\]/).at(-1) ?? '';
  const shown = base.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu, '').trim();
  const clean = [...withoutCompressionEnding(shown)].slice(0, MOST_CHARACTERS).join('');
  return clean === '' || clean === '.' || clean === '..' ? DEFAULT_NAME[mimeType] : clean;
}
