import type { Buffer } from 'node:buffer';
import type { FileReader } from '../model/file-reader.ts';
import { BACKSLASH, CLOSING_BRACE, CLOSING_BRACKET, OPENING_BRACE, OPENING_BRACKET, QUOTE } from './ascii.ts';
import type { DocumentFormat, DocumentRecord } from './document-format.ts';
import { MAX_NESTING } from './json-source.ts';
import { type Line, takeByLine } from './line-reader.ts';

/** Bytes that are read and looked at between two looks at the event loop: a few ms. */
export const BLOCK_BYTES = 256 * 1024;

type LineBytes = Pick<Line, 'start' | 'end'>;

/**
 * The records of a file that may hold one of some needles, in order: lines that hold none of their
 * bytes and are plainly records of their own are passed over; the rest is read as an import reads
 * it.
 */
export async function* recordsHolding(
  needles: readonly Buffer[],
  {
    file,
    format,
    signal,
  }: {
    readonly file: Pick<FileReader, 'read'>;
    readonly format: DocumentFormat;
    readonly signal?: AbortSignal;
  },
): AsyncGenerator<DocumentRecord> {
  const splitter = format.createSplitter(format.start);
  const plain = { take: takeByLine(createPassing(needles, format)), most: Number.POSITIVE_INFINITY };
  let readAt = format.start.offset;
  for (let isLast = false; !isLast; ) {
    signal?.throwIfAborted();
    const block = await file.read(readAt, BLOCK_BYTES);
    readAt += block.length;
    isLast = block.length === 0;
    yield* splitter.push(block, isLast, plain);
  }
}

/** Passes over lines that hold none of the needles and plainly are whole records, or blank. */
function createPassing(
  needles: readonly Buffer[],
  { csv }: Pick<DocumentFormat, 'csv'>,
): (bytes: Buffer, line: LineBytes) => boolean {
  const isWhole = csv === null ? closesItself : hasNoQuote;
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
