import { Buffer, isUtf8 } from 'node:buffer';
import { parse } from 'content-disposition';

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
