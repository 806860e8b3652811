import type { FileHandle } from 'node:fs/promises';
import type { DuckDBInstance } from '@duckdb/node-api';
import type { FailuresByCode, Job } from '../../model/execution.ts';
import type { DocumentFormat, DocumentRecord, Position } from '../document-format.ts';
import { isRejection } from '../document-format.ts';
import { type CommandContext, parseCommand } from '../parse-command.ts';
import { asUserListCommand } from '../user-list.ts';
import { openStagingTable, type StagingTable } from './staging-table.ts';

/** Bytes that are read, cut and parsed between two looks at the event loop: a few ms. */
const BLOCK_BYTES = 256 * 1024;

/** Where the bytes of a document come from and how they are read. */
export type DocumentSource = {
  readonly file: FileHandle;
  readonly format: DocumentFormat;
  readonly job: Job;
};

/** A chunk ends with the first record that reaches one of these. */
export type ChunkLimits = { readonly bytes: number; readonly rows: number };

/** One part of a document, checked and staged, not yet applied. */
export type Chunk = {
  readonly table: string | null;
  readonly from: Position;
  readonly to: Position;
  readonly isLast: boolean;
  readonly catalogueVersion: number;
  readonly successes: number;
  readonly failures: number;
  readonly failuresByCode: FailuresByCode;
  readonly pairs: number;
  /** Lines for the error file. */
  readonly errorLines: string;
};

/** Reads on from `from` until a limit or the end of the document; every command goes to a table or to the error lines. */
export async function stageChunk(of: {
  readonly source: DocumentSource;
  readonly from: Position;
  readonly limits: ChunkLimits;
  readonly context: CommandContext;
  readonly staging: DuckDBInstance;
}): Promise<Chunk> {
  const { source, limits, context } = of;
  const from = of.from.offset === 0 ? source.format.start : of.from;
  const { catalogue } = context;
  const table = await openStagingTable(of.staging);
  const tally = createTally(table, source, context);
  const splitter = source.format.createSplitter(from);
  let to = from;
  let isLast = false;
  let readAt = from.offset;
  try {
    for (let isFull = false; !isFull && !isLast; ) {
      const block = Buffer.allocUnsafe(BLOCK_BYTES);
      const { bytesRead } = await source.file.read(block, 0, BLOCK_BYTES, readAt);
      readAt += bytesRead;
      const atEnd = bytesRead === 0;
      const records = splitter.push(block.subarray(0, bytesRead), atEnd);
      isFull = tally.add(records, (record) =>
        isBeyond(limits, tally.rows(), record.end.offset - from.offset),
      );
      to = isFull ? tally.end() : splitter.position();
      isLast = atEnd && !isFull;
    }
  } catch (error) {
    await table.finish(catalogue.datamartId).catch(() => null);
    throw error;
  }
  const name = await table.finish(catalogue.datamartId);
  return { table: name, from, to, isLast, catalogueVersion: catalogue.version, ...tally.counts() };
}

function isBeyond(limits: ChunkLimits, rows: number, bytes: number): boolean {
  return rows >= limits.rows || bytes >= limits.bytes;
}

/** Counts and places the records of one chunk. */
function createTally(table: StagingTable, source: DocumentSource, context: CommandContext) {
  const failuresByCode: Record<string, number> = {};
  const errorLines: string[] = [];
  let successes = 0;
  let failures = 0;
  let end: Position = { offset: 0, line: 0 };

  function place(record: DocumentRecord): void {
    const command = readCommand(record, source.job, context);
    if (isRejection(command)) {
      failures++;
      failuresByCode[command.code] = (failuresByCode[command.code] ?? 0) + 1;
      errorLines.push(source.format.errorLine(record, command));
    } else {
      successes++;
      table.append(record.line, command);
    }
  }

  return {
    /** Places records up to the one with which the chunk is full; tells whether there was one. */
    add(records: readonly DocumentRecord[], isFull: (record: DocumentRecord) => boolean): boolean {
      for (const record of records) {
        place(record);
        end = record.end;
        if (isFull(record)) return true;
      }
      return false;
    },
    end: () => end,
    /** Failed records count too: they are held until the chunk is merged. */
    rows: () => table.rows + failures,
    counts: () => ({
      successes,
      failures,
      failuresByCode,
      pairs: table.rows,
      errorLines: errorLines.join(''),
    }),
  };
}

function readCommand(record: DocumentRecord, job: Job, context: CommandContext) {
  if (isRejection(record.content)) return record.content;
  if (job.type === 'DOCUMENT_IMPORT') return parseCommand(record.content, context);
  return parseCommand(asUserListCommand(record.content, job.segmentId, context.catalogue), context);
}
