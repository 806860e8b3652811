import { createHash } from 'node:crypto';
import path from 'node:path';

/**
 * Names of files as bytes. A system may have names that are no UTF-8: as text they could be neither
 * opened nor told apart.
 */

/** How long a name may be in the usual file systems, in bytes. */
export const NAME_BYTES = 255;
/** What is kept of the end of a name that is shortened: `.csv.gz`. */
const EXTENSION = /(?:\.[A-Za-z0-9]{1,10}){0,2}$/;

/** The path of something in a folder. */
export function pathIn(folder: string | Buffer, name: string | Buffer): Buffer {
  return Buffer.concat([bytesOf(folder), Buffer.from(path.sep), bytesOf(name)]);
}

/** The last part of a path, as bytes. */
export function nameOf(file: string | Buffer): Buffer {
  if (typeof file === 'string') return Buffer.from(path.basename(file));
  return file.subarray(file.lastIndexOf(path.sep) + 1);
}

/** The folder that something lies in, as it was written. */
export function folderOf(file: string | Buffer): Buffer {
  if (typeof file === 'string') return Buffer.from(path.dirname(file));
  const at = file.lastIndexOf(path.sep);
  return at === -1 ? Buffer.from('.') : file.subarray(0, Math.max(1, at));
}

/** A name or path as text: as it is where it is UTF-8, else with its other bytes as `\xE9`. */
export function shown(name: string | Buffer): string {
  if (typeof name === 'string') return name;
  const text = name.toString('utf8');
  if (Buffer.from(text).equals(name)) return text;
  return name
    .toString('latin1')
    .replace(/[^ -~]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`);
}

/**
 * A name with something behind it, of at most so many bytes. One that is too long is cut before its
 * extension, and gets a mark of the whole of it, so that two names that begin alike do not become
 * one.
 */
export function withSuffix(name: Buffer, suffix: string, mostBytes: number = NAME_BYTES): Buffer {
  const end = Buffer.from(suffix);
  if (name.length + end.length <= mostBytes) return Buffer.concat([name, end]);
  const extension = EXTENSION.exec(name.toString('latin1'))?.[0] ?? '';
  const mark = `~${createHash('sha256').update(name).digest('hex').slice(0, 12)}${extension}`;
  let kept = Math.max(0, mostBytes - end.length - mark.length);
  // not within a character of several bytes
  while (kept > 0 && ((name[kept] ?? 0) & 0xc0) === 0x80) kept -= 1;
  return Buffer.concat([name.subarray(0, kept), Buffer.from(mark), end]);
}

function bytesOf(text: string | Buffer): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : text;
}
