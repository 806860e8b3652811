import type { DuckDBInstance } from '@duckdb/node-api';
import type { FailuresByCode, Job } from '../../model/execution.ts';
import type { FileReader } from '../../model/file-reader.ts';
import { KIND_BIT } from '../../model/identifier.ts';
import type { Warnings } from '../../model/warning.ts';
import { ANY_SEGMENT, type StagedChunk } from '../../store/merges.ts';
import {
  type CommandContext,
  type DocumentFormat,
  type DocumentRecord,
  isRejection,
  type LineSpan,
  type Position,
  type Splitter,
} from '../document-format.ts';
import {
  collectErrorLines,
  type ErrorFileLimits,
  type ErrorFilePosition,
  type ErrorLines,
} from '../error-file.ts';
import { readNamedUsers } from '../named-users.ts';
import { parseCommand } from '../parse-command.ts';
import { asUserListCommand } from '../user-list.ts';
import { createWarningTally, oddCommand } from '../warnings.ts';
import { countingTable, openStagingTable, type PairTable, type StagingTable } from './staging-table.ts';

/** Bytes that are read, cut and parsed between two looks at the event loop: a ms or two. */
const BLOCK_BYTES = 64 * 1024;

/** Where the bytes of a document come from and how they are read. */
export type DocumentSource = {
  readonly file: Pick<FileReader, 'read'>;
  /** How long the document is. */
  readonly bytes: number;
  readonly format: DocumentFormat;
  readonly job: Job;
};

/** A chunk ends with the first record that reaches one of the first two. */
export type ChunkLimits = {
  readonly bytes: number;
  readonly rows: number;
  /** Of the error file of the document; absent: it may become as long as it does. */
  readonly errorFile?: ErrorFileLimits;
};

/** One part of a document, checked and staged, not yet applied. */
export type Chunk = ReadChunk & Pick<StagedChunk, 'table' | 'namedTable'>;

/** What is known of a part of a document when its commands are in a table. */
export type ReadChunk = {
  readonly from: Position;
  readonly to: Position;
  readonly isLast: boolean;
  readonly catalogueVersion: number;
  readonly successes: number;
  readonly failures: number;
  readonly failuresByCode: FailuresByCode;
  readonly pairs: number;
  /** Of its records; not of the document as a whole. */
  readonly warnings: Warnings;
  /** For the error file. */
  readonly errorLines: ErrorLines;
};

/** Where a chunk begins and what bounds it. */
type ChunkStart = {
  readonly source: DocumentSource;
  readonly from: Position;
  /** Where the error file ends before it. */
  readonly errorsFrom: ErrorFilePosition;
  readonly limits: ChunkLimits;
  readonly context: CommandContext;
  /** Called after each block with how far that is in the document, and how many commands of the chunk were read. */
  readonly onRead?: (offset: number, commands: number) => void;
};

/** Reads on from `from` until a limit or the end of the document; every command goes to a table or to the error lines. */
export async function stageChunk(
  /**
   * `staging` null: commands are checked and counted, and come into no table. `keepsNamed`: whom failed records name comes into
   * a table as well.
   */
  of: ChunkStart & { readonly staging: DuckDBInstance | null; readonly keepsNamed: boolean },
): Promise<Chunk> {
  const { staging } = of;
  const { datamartId } = of.context.catalogue;
  const table = staging === null ? countingTable() : await openStagingTable(staging, datamartId);
  let named: StagingTable | null = null;
  try {
    if (staging !== null && of.keepsNamed) named = await openStagingTable(staging, datamartId);
    const read = await readChunk(of, table, named);
    return { table: await table.finish(), namedTable: (await named?.finish()) ?? null, ...read };
  } catch (error) {
    await table.discard();
    await named?.discard();
    throw error;
  }
}

/** `stageChunk` into a table that is open, and stays open; `named` takes whom failed records name. */
export async function readChunk(
  of: ChunkStart,
  table: PairTable,
  named: PairTable | null = null,
): Promise<ReadChunk> {
  const { source, limits, context } = of;
  const from = of.from.offset === 0 ? source.format.start : of.from;
  const errors = collectErrorLines(of.errorsFrom, {
    header: source.format.errorFileHeader,
    limits: limits.errorFile,
  });
  const tally = createTally({ table, named }, errors, { source, context });
  const splitter = source.format.createSplitter(from);
  let readAt = from.offset;
  let isLast = false;
  // a record that is longer than a chunk is a chunk by itself
  const isFull = () => readAt - from.offset >= limits.bytes && splitter.position().offset > from.offset;
  while (!isLast && !isFull() && tally.rows() < limits.rows && errors.chars() < limits.bytes) {
    const length = Math.min(BLOCK_BYTES, limits.bytes, source.bytes - readAt);
    const block = await source.file.read(readAt, length);
    readAt += block.length;
    const atEnd = block.length === 0 || readAt === source.bytes;
    tally.add(splitter, block, { last: atEnd, most: limits.rows - tally.rows() });
    isLast = atEnd && splitter.position().offset >= readAt;
    of.onRead?.(splitter.position().offset, tally.commands());
  }
  const to = splitter.position();
  return {
    from,
    to,
    isLast,
    catalogueVersion: context.catalogue.version,
    ...tally.counts(),
    errorLines: errors.finish(),
  };
}

/** Counts and places the records of one chunk. */
function createTally(
  { table, named }: { table: PairTable; named: PairTable | null },
  errors: ReturnType<typeof collectErrorLines>,
  { source, context }: Pick<ChunkStart, 'source' | 'context'>,
) {
  const readPlain =
    source.job.type === 'DOCUMENT_IMPORT' ? source.format.createPlainReader(context) : () => null;
  const failuresByCode: Record<string, number> = {};
  const warnings = createWarningTally(source.job);
  let successes = 0;
  let failures = 0;

  function takePlain(bytes: Buffer, line: LineSpan): boolean {
    const pair = readPlain(bytes, line);
    if (pair === null) return false;
    table.appendPlain(bytes, pair);
    if (pair.odd !== 0) warnings.note(line.number, pair.kind, pair.odd);
    successes++;
    return true;
  }

  function place(record: DocumentRecord): void {
    const { line, content } = record;
    // a misspelt name is often why a record fails
    if (source.format.columns === null && !isRejection(content)) warnings.noteNames(line, content.fields);
    const command = readCommand(record, source.job, context);
    if (isRejection(command)) {
      failures++;
      failuresByCode[command.code] = (failuresByCode[command.code] ?? 0) + 1;
      errors.add(() => source.format.errorLine(record, command));
      if (named !== null) placeNamed(record, named);
    } else {
      successes++;
      table.append(line, command);
      const odd = isRejection(content) ? 0 : oddCommand(command, content, context.startDate);
      if (odd !== 0) warnings.note(line, KIND_BIT[command.identifier.kind], odd);
    }
  }

  function placeNamed(record: DocumentRecord, named: PairTable): void {
    const { format, job } = source;
    const { identifiers, segmentIds } = readNamedUsers(record, { format, job, catalogue: context.catalogue });
    const targets = (segmentIds ?? [ANY_SEGMENT]).map((segmentId) => ({ segmentId, expiresAt: null }));
    for (const identifier of identifiers)
      named.append(record.line, { operation: 'DELETE', identifier, targets, dataBag: null });
  }

  return {
    add(splitter: Splitter, block: Buffer, { last, most }: { last: boolean; most: number }): void {
      for (const record of splitter.push(block, last, { take: takePlain, most })) place(record);
    },
    /** Failed records count too: they are held until the chunk is merged. */
    rows: () => table.rows + failures,
    commands: () => successes + failures,
    counts: () => ({
      successes,
      failures,
      failuresByCode,
      pairs: table.rows,
      warnings: warnings.warnings(),
    }),
  };
}

function readCommand(record: DocumentRecord, job: Job, context: CommandContext) {
  if (isRejection(record.content)) return record.content;
  if (job.type === 'DOCUMENT_IMPORT') return parseCommand(record.content, context);
  return parseCommand(asUserListCommand(record.content, job.segmentId, context.catalogue), context);
}
