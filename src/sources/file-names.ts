import path from 'node:path';
import { withoutCompressionEnding } from '../documents/compression.ts';
import { MIME_TYPES, type MimeType } from '../model/records.ts';
import { compileGlob } from './glob.ts';

/** Names that say that a file is not whole yet, or none of ours. */
export const UNFINISHED = /^\.|~$|\.(part|partial|tmp|crdownload|filepart)$/i;

/** Why a name is none of a file to take; null when it may be one. */
export function unfitName(name: string): string | null {
  const base = path.posix.basename(name);
  if (/[\p{Cc}\p{Cs}\ufffd]/u.test(name)) return 'its name has control characters, or is no UTF-8';
  if (base.startsWith('.')) return 'its name begins with a dot: hidden files are not data';
  if (UNFINISHED.test(base)) return 'its name says that it is not whole yet';
  if (base.startsWith('_')) return 'names that begin with _ are not data';
  return null;
}

/** What tells whether a name is matched by a glob; null matches all. */
export function matcherOf(pattern: string | null): (name: string) => boolean {
  return pattern === null ? () => true : compileGlob(pattern);
}

/** What is wrong with a glob, in words; null when nothing is. */
export function wrongPattern(pattern: string): string | null {
  try {
    compileGlob(pattern);
    return null;
  } catch (problem) {
    return `pattern must be a glob, such as *.csv.gz, got one with ${(problem as Error).message}`;
  }
}

const ENDINGS = {
  APPLICATION_X_NDJSON: /\.(ndjson|jsonl)$/i,
  TEXT_CSV: /\.csv$/i,
  APPLICATION_PARQUET: /\.parquet$/i,
} as const;

/** Whether a name says that a file is of another format. */
export function isOfOtherFormat(name: string, mimeType: MimeType): boolean {
  const plain = withoutCompressionEnding(name);
  return MIME_TYPES.some((other) => other !== mimeType && ENDINGS[other].test(plain));
}
