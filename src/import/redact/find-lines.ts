import type { Catalogue } from '../../model/catalogue.ts';
import type { Sought } from '../../model/erasure.ts';
import type { FileReader } from '../../model/file-reader.ts';
import type { MimeType } from '../../model/records.ts';
import { type DocumentFormat, type DocumentRecord, isRejection, MAX_LINE_BYTES } from '../document-format.ts';
import { BLOCK_BYTES, recordsHolding } from '../records-holding.ts';
import { namesUser, needleOf, needlesOf, spellingsOf } from './sought.ts';

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
  const { mimeType, sought } = search;
  const ranges: Range[] = [];
  const byErasure = new Map<string, number>();
  const needles = needlesOf(sought, mimeType);
  if (!(await holdsAny(search, needles))) return { ranges, byErasure };

  for await (const record of recordsHolding(needles, search)) {
    const named = await whomItNames(record, search);
    if (named.size === 0) continue;
    ranges.push({ start: record.start, end: record.end.offset });
    for (const erasureId of named) byErasure.set(erasureId, (byErasure.get(erasureId) ?? 0) + 1);
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
