import type { Catalogue } from '../../model/catalogue.ts';
import type { Sought } from '../../model/erasure.ts';
import type { FileReader } from '../../model/file-reader.ts';
import type { MimeType } from '../../model/records.ts';
import { type DocumentFormat, type DocumentRecord, isRejection, MAX_LINE_BYTES } from '../document-format.ts';
import { MAX_NESTING } from '../json-source.ts';
import { type Line, takeByLine } from '../line-reader.ts';
import { namesUser, needleOf, needlesOf, spellingsOf } from './sought.ts';

/** Bytes that are read and looked at between two looks at the event loop: a few ms. */
const BLOCK_BYTES = 256 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;

type LineBytes = Pick<Line, 'start' | 'end'>;

/** Bytes of a file, from `start` up to and without `end`. */
export type Range = { readonly start: number; readonly end: number };

/**
 * The records that name somebody: where they stand, in order, and how many there are for each
 * erasure.
 */
export type FoundLines = {
  readonly ranges: readonly Range[];
  readonly byErasure: ReadonlyMap<string, number>;
};

export type Search = {
  readonly file: Pick<FileReader, 'read'>;
  readonly format: DocumentFormat;
  readonly mimeType: MimeType;
  /** An input file, or the file of those of its lines that failed. */
  readonly which: 'input' | 'errors';
  readonly sought: readonly Sought[];
  readonly catalogue: Catalogue;
  readonly signal: AbortSignal;
};

/**
 * Finds the records of a file that name one of some users. Most files name none of them: a look for
 * their bytes tells, at the speed of the disk. In the others, lines that hold none of those bytes
 * and are plainly records of their own are passed over; the rest is read as an import reads it.
 */
export async function findLines(search: Search): Promise<FoundLines> {
  const { file, format, mimeType, sought, signal } = search;
  const ranges: Range[] = [];
  const byErasure = new Map<string, number>();
  const needles = needlesOf(sought, mimeType);
  if (!(await holdsAny(search, needles))) return { ranges, byErasure };

  const splitter = format.createSplitter(format.start);
  const take = takeByLine(createPassing(needles, mimeType));
  let readAt = format.start.offset;
  for (let isLast = false; !isLast; ) {
    signal.throwIfAborted();
    const block = await file.read(readAt, BLOCK_BYTES);
    readAt += block.length;
    isLast = block.length === 0;
    const records = splitter.push(block, isLast, { take, most: Number.POSITIVE_INFINITY });
    for (const record of records) {
      const named = await whomItNames(record, search);
      if (named.size === 0) continue;
      ranges.push({ start: record.start, end: record.end.offset });
      for (const erasureId of named) byErasure.set(erasureId, (byErasure.get(erasureId) ?? 0) + 1);
    }
  }
  return { ranges, byErasure };
}

/** The erasures whose user a record names. */
async function whomItNames(record: DocumentRecord, search: Search): Promise<ReadonlySet<string>> {
  const { sought, catalogue, mimeType, which } = search;
  const named = new Set<string>();
  // of a record that goes over the limit only the beginning is at hand
  const isWhole = record.end.offset - record.start <= MAX_LINE_BYTES || !isRejection(record.content);
  for (const each of sought) {
    const names = isWhole
      ? namesUser(record, each, { catalogue, mimeType, file: which })
      : await holdsAny(search, spellings(each.value, mimeType), {
          start: record.start,
          end: record.end.offset,
        });
    if (names) named.add(each.erasureId);
  }
  return named;
}

function spellings(value: string, mimeType: MimeType): readonly Buffer[] {
  return spellingsOf(value, mimeType).map(needleOf);
}

/** Whether some bytes stand anywhere in a file, or in a part of it. */
async function holdsAny(
  { file, signal }: Pick<Search, 'file' | 'signal'>,
  needles: readonly Buffer[],
  { start, end }: Range = { start: 0, end: Number.POSITIVE_INFINITY },
): Promise<boolean> {
  const overlap = Math.max(...needles.map(({ length }) => length)) - 1;
  let kept: Buffer = Buffer.alloc(0);
  for (let at = start; at < end; ) {
    signal.throwIfAborted();
    const block = await file.read(at, Math.min(BLOCK_BYTES, end - at));
    if (block.length === 0) return false;
    at += block.length;
    // a needle may lie across two blocks
    const seam = Buffer.concat([kept, block.subarray(0, overlap)]);
    if (needles.some((needle) => seam.includes(needle) || block.includes(needle))) return true;
    kept = block.length < overlap ? seam.subarray(-overlap) : block.subarray(block.length - overlap);
  }
  return false;
}

/** Passes over lines that hold none of the needles and plainly are whole records, or blank. */
function createPassing(
  needles: readonly Buffer[],
  mimeType: MimeType,
): (bytes: Buffer, line: LineBytes) => boolean {
  const isWhole = mimeType === 'TEXT_CSV' ? hasNoQuote : closesItself;
  let looked: Buffer | null = null;
  let next: number[] = [];
  return (bytes, line) => {
    if (looked !== bytes) {
      looked = bytes;
      next = needles.map(() => -1);
    }
    for (const [i, needle] of needles.entries()) {
      if ((next[i] ?? -1) < line.start) {
        const at = bytes.indexOf(needle, line.start);
        next[i] = at === -1 ? Number.POSITIVE_INFINITY : at;
      }
      if ((next[i] ?? 0) < line.end) return false;
    }
    return isWhole(bytes, line);
  };
}

/** A quote may open a cell that goes over several lines. */
function hasNoQuote(bytes: Buffer, { start, end }: LineBytes): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === QUOTE) return false;
  return true;
}

/**
 * Whether an object opens at the start of the line and closes on it, so that it is a record of its
 * own, sound or not. What is nested deep is left to the parser, which has a limit.
 */
function closesItself(bytes: Buffer, { start, end }: LineBytes): boolean {
  if (start === end) return true;
  if (bytes[start] !== OPENING_BRACE) return false;
  let open = 0;
  let inString = false;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) open++;
    else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) open--;
    if (open > MAX_NESTING) return false;
    // what stands behind it on the line is part of the record
    if (open === 0) return true;
  }
  return false;
}
