import { createHash } from 'node:crypto';

/** The SHA-256 of a text in hexadecimal, in small letters; in a browser it is another. */
export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
