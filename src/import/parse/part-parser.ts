import type { FailuresByCode, Job } from '../../model/execution.ts';
import { KIND_BIT } from '../../model/identifier.ts';
import type { Warnings } from '../../model/warning.ts';
import { ANY_SEGMENT } from '../../store/merges.ts';
import {
  type CommandContext,
  type DocumentFormat,
  type DocumentRecord,
  isRejection,
  type PlainLines,
  type Position,
  type Splitter,
} from '../document-format.ts';
import {
  collectErrorLines,
  type ErrorFileLimits,
  type ErrorFilePosition,
  type ErrorLines,
} from '../error-file.ts';
import { takeNone } from '../line-reader.ts';
import { readNamedUsers } from '../named-users.ts';
import { createNewSegments, type NewSegmentsStart } from '../new-segments.ts';
import { parseCommand } from '../parse-command.ts';
import { asUserListCommand } from '../user-list.ts';
import { createWarningTally, oddCommand } from '../warnings.ts';
import type { PairTable } from './pair-table.ts';

/** Bytes that are cut and parsed between two looks at whether the part is full. */
export const BLOCK_BYTES = 64 * 1024;

/** A part ends with the first record that reaches one of the first two. */
export type PartLimits = {
  readonly bytes: number;
  readonly rows: number;
  /** Of the error file of the document; absent: it may become as long as it does. */
  readonly errorFile?: ErrorFileLimits;
};

/** Where a part of a document begins, how it is read and what bounds it. */
export type PartStart = {
  readonly format: DocumentFormat;
  readonly job: Job;
  readonly from: Position;
  /** Where the error file ends before it. */
  readonly errorsFrom: ErrorFilePosition;
  readonly limits: PartLimits;
  readonly context: CommandContext;
  /** What is added to the numbers of its lines in the tables. */
  readonly linesBefore: number;
  /** Null or absent: unknown technical names fail. */
  readonly newSegments?: NewSegmentsStart | null | undefined;
  /** Whether plain lines are read in the fast way, as they are by default. */
  readonly reader?: Reader | undefined;
};

/** REFERENCE: the reference parser reads every line, since the reader of plain ones trapped. */
export type Reader = 'PLAIN' | 'REFERENCE';

/** What is known of a part of a document when its commands are in a table. */
export type ReadPart = {
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
  /** Technical names that it gives and that have no segment yet, in their order. */
  readonly newSegments: readonly string[];
};

/**
 * Where the commands of a part go, and those that stand for whom its failed records name, if they
 * are asked for.
 */
export type PartTables = { readonly table: PairTable; readonly named: PairTable | null };

/** How far a part has come: in the document, and how many of its commands were read. */
export type PartProgress = { readonly offset: number; readonly commands: number };

/** Parses a part of a document: every command goes to a table or to the error lines. */
export interface PartParser {
  /**
   * Takes the bytes that follow in the document; `isEnd`: none come behind them. Gives the part
   * once a limit or the end is reached, null before that.
   */
  parse(bytes: Buffer, isEnd: boolean): ReadPart | null;
  progress(): PartProgress;
}

/** Where the first bytes of a part lie in the document. */
export function startOfPart({ from, format }: Pick<PartStart, 'from' | 'format'>): Position {
  return from.offset === 0 ? format.start : from;
}

export function createPartParser(of: PartStart, tables: PartTables): PartParser {
  const { format, limits } = of;
  const newSegments = of.newSegments ? createNewSegments(of.newSegments) : null;
  const context = { ...of.context, newSegments };
  const from = startOfPart(of);
  const errors = collectErrorLines(of.errorsFrom, {
    header: format.errorFileHeader,
    limits: limits.errorFile,
  });
  const tally = createTally({ ...of, context }, tables, errors);
  const splitter = format.createSplitter(from);
  const blockBytes = Math.min(BLOCK_BYTES, limits.bytes);
  let readAt = from.offset;
  let isLast = false;

  function isFull(): boolean {
    if (tally.rows() >= limits.rows || errors.chars() >= limits.bytes) return true;
    // a record that is longer than a part is a part by itself
    return readAt - from.offset >= limits.bytes && splitter.position().offset > from.offset;
  }

  function parse(bytes: Buffer, isEnd: boolean): ReadPart | null {
    for (let at = 0; at < bytes.length || isEnd; at += blockBytes) {
      const block = bytes.subarray(at, at + blockBytes);
      readAt += block.length;
      const atEnd = isEnd && at + blockBytes >= bytes.length;
      tally.add(splitter, block, { last: atEnd, most: limits.rows - tally.rows() });
      isLast = atEnd && splitter.position().offset >= readAt;
      if (isLast || isFull()) return finish();
    }
    return null;
  }

  function finish(): ReadPart {
    return {
      from,
      to: splitter.position(),
      isLast,
      catalogueVersion: context.catalogue.version,
      ...tally.counts(),
      errorLines: errors.finish(),
      newSegments: newSegments?.names() ?? [],
    };
  }

  return {
    parse,
    progress: () => ({ offset: splitter.position().offset, commands: tally.commands() }),
  };
}

/** Counts and places the records of one part. */
function createTally(
  { format, job, context, linesBefore, reader = 'PLAIN' }: PartStart,
  { table, named }: PartTables,
  errors: ReturnType<typeof collectErrorLines>,
) {
  const failuresByCode: Record<string, number> = {};
  const warnings = createWarningTally(job, format.mapping);
  const rowsBefore = table.rows;
  let successes = 0;
  let failures = 0;
  const layout = job.type === 'DOCUMENT_IMPORT' && reader === 'PLAIN' ? format.plainLayout : null;
  const takePlain =
    layout === null
      ? takeNone
      : countingTaken(table.readLines({ layout, context, linesBefore, onOdd: warnings.note }));

  function countingTaken(take: PlainLines['take']): PlainLines['take'] {
    return (bytes, run, most) => {
      const taken = take(bytes, run, most);
      successes += taken.taken;
      return taken;
    };
  }

  function place(record: DocumentRecord): void {
    const { line, content } = record;
    // a misspelt name is often why a record fails
    if (format.columns === null && !isRejection(content))
      warnings.noteNames(line, content.mapped?.own ?? content.fields);
    const command = readCommand(record, job, context);
    if (isRejection(command)) {
      failures++;
      failuresByCode[command.code] = (failuresByCode[command.code] ?? 0) + 1;
      errors.add(() => format.errorLine(record, command));
      if (named !== null) placeNamed(record, named);
    } else {
      successes++;
      table.append(linesBefore + line, command);
      const odd = isRejection(content) ? 0 : oddCommand(command, content, context.startDate);
      if (odd !== 0) warnings.note(line, KIND_BIT[command.identifier.kind], odd);
    }
  }

  function placeNamed(record: DocumentRecord, named: PairTable): void {
    const { identifiers, segmentIds } = readNamedUsers(record, { format, job, catalogue: context.catalogue });
    const targets = (segmentIds ?? [ANY_SEGMENT]).map((segmentId) => ({ segmentId, expiresAt: null }));
    for (const identifier of identifiers)
      named.append(linesBefore + record.line, { operation: 'DELETE', identifier, targets, dataBag: null });
  }

  function rows(): number {
    return table.rows - rowsBefore;
  }

  return {
    add(splitter: Splitter, block: Buffer, { last, most }: { last: boolean; most: number }): void {
      const plain = { take: takePlain, most };
      for (const record of splitter.push(block, last, plain)) place(record);
    },
    /** Failed records count too: they are held until the part is merged. */
    rows: () => rows() + failures,
    commands: () => successes + failures,
    counts: () => ({
      successes,
      failures,
      failuresByCode,
      pairs: rows(),
      warnings: warnings.warnings(),
    }),
  };
}

function readCommand(record: DocumentRecord, job: Job, context: CommandContext) {
  if (isRejection(record.content)) return record.content;
  if (job.type === 'DOCUMENT_IMPORT') return parseCommand(record.content, context);
  return parseCommand(asUserListCommand(record.content, job.segmentId, context.catalogue), context);
}
