import type { FileReader } from '../../model/file-reader.ts';
import type { PairBatch } from '../parse/pair-columns.ts';
import type { PairTable } from '../parse/pair-table.ts';
import { openPart, type ParsedBytes } from '../parse/parse-threads.ts';
import {
  BLOCK_BYTES,
  createPartParser,
  type PartProgress,
  type PartStart,
  type ReadPart,
  startOfPart,
} from '../parse/part-parser.ts';

/**
 * What is shorter is parsed here: it takes a ms, and the way to a thread and back takes longer than
 * ten lines do.
 */
const HERE_BYTES = BLOCK_BYTES;
/**
 * Bytes that a thread is sent at a time: so many as hold the event loop for less than a ms when
 * their rows come back.
 */
const SENT_BYTES = 256 * 1024;
/**
 * So often are they under way at once: a thread is busy also while the other waits for its share of
 * a processor.
 */
const MOST_UNDER_WAY = 4;

/** A part of a document, and where its bytes come from. */
export type ReadablePart = PartStart & {
  readonly file: Pick<FileReader, 'read'>;
  /** How long the document is. */
  readonly bytes: number;
  /** Called as the part is read. */
  readonly onRead?: (progress: PartProgress) => void;
};

/** Takes commands one by one, or by the batch as a thread hands them over. */
export interface BatchTable extends PairTable {
  appendBatch?(batch: PairBatch): void;
}

export type TablesOfPart = { readonly table: BatchTable; readonly named: BatchTable | null };

export type ReadPartOf = (part: ReadablePart, tables: TablesOfPart) => Promise<ReadPart>;

/** Reads a part of a document until it is full or the document ends. */
export const readPart: ReadPartOf = (part, tables) => {
  const most = Math.min(part.bytes - startOfPart(part).offset, part.limits.bytes);
  return most < HERE_BYTES ? readPartHere(part, tables) : readPartInThread(part, tables);
};

/** `readPart` on this thread, a block at a time. */
export const readPartHere: ReadPartOf = async (part, tables) => {
  const parser = createPartParser(part, tables);
  const next = readerOf(part, Math.min(BLOCK_BYTES, part.limits.bytes));
  for (;;) {
    const { bytes, isEnd } = await next();
    const read = parser.parse(bytes, isEnd);
    part.onRead?.(parser.progress());
    if (read !== null) return read;
  }
};

/** `readPart` in a thread of its own: here its bytes are passed on and its batches staged. */
export const readPartInThread: ReadPartOf = async (part, tables) => {
  const { format, job, from, errorsFrom, limits, context, linesBefore, newSegments, reader } = part;
  const { table, named } = tables;
  const thread = openPart({
    ...{ csv: format.csv, mapping: format.mapping, job, from, errorsFrom, limits, context, linesBefore },
    ...{ newSegments, reader },
    keeps: { pairs: table.appendBatch !== undefined, named: named !== null },
  });
  const next = readerOf(part, SENT_BYTES);
  const underWay: Promise<ParsedBytes>[] = [];
  let sent = 0;
  let isSent = false;

  async function send(): Promise<void> {
    const { bytes, isEnd } = await next();
    sent += bytes.length;
    isSent = isEnd;
    const answer = thread.parse(bytes, isEnd);
    // awaited below, or of no interest any more
    answer.catch(() => undefined);
    underWay.push(answer);
  }

  try {
    for (;;) {
      while (!isSent && underWay.length < MOST_UNDER_WAY && sent < limits.bytes) await send();
      // a record may be longer than a part
      if (underWay.length === 0) await send();
      const { pairs, named: namedPairs, progress, read } = await (underWay.shift() as Promise<ParsedBytes>);
      for (const batch of pairs) table.appendBatch?.(batch);
      for (const batch of namedPairs) named?.appendBatch?.(batch);
      part.onRead?.(progress);
      if (read !== null) return read;
    }
  } finally {
    thread.close();
  }
};

/** Gives the bytes of a part, piece by piece; `isEnd` with the last ones of the document. */
function readerOf(part: ReadablePart, pieceBytes: number) {
  let readAt = startOfPart(part).offset;
  return async (): Promise<{ bytes: Buffer; isEnd: boolean }> => {
    const bytes = await part.file.read(readAt, Math.min(pieceBytes, part.bytes - readAt));
    readAt += bytes.length;
    return { bytes, isEnd: bytes.length === 0 || readAt === part.bytes };
  };
}
