import type { DuckDBInstance } from '@duckdb/node-api';
import type { Job } from '../../model/execution.ts';
import type { FileReader } from '../../model/file-reader.ts';
import type { StagedChunk } from '../../store/merges.ts';
import type { CommandContext, DocumentFormat, Position } from '../document-format.ts';
import type { ErrorFilePosition } from '../error-file.ts';
import type { NewSegmentsStart } from '../new-segments.ts';
import { countingTable } from '../parse/pair-table.ts';
import type { PartLimits, PartProgress, Reader, ReadPart } from '../parse/part-parser.ts';
import { type OnReaderTrap, stageDespiteTrap } from './after-trap.ts';
import { type ReadablePart, type ReadPartOf, readPart } from './read-part.ts';
import { openStagingTable, type StagingTable } from './staging-table.ts';

/** Where the bytes of a document come from and how they are read. */
export type DocumentSource = {
  readonly file: Pick<FileReader, 'read'>;
  /** How long the document is. */
  readonly bytes: number;
  readonly format: DocumentFormat;
  readonly job: Job;
};

/** One part of a document, checked and staged, not yet applied. */
export type Chunk = ReadPart & Pick<StagedChunk, 'table' | 'namedTable'>;

/**
 * Reads on from `from` until a limit or the end of the document; every command goes to a table or
 * to the error lines.
 */
export function stageChunk(of: ChunkToStage): Promise<Chunk> {
  return stageDespiteTrap((reader) => stageOnce(of, reader), of.onReaderTrap);
}

/** What a chunk is made of. */
type ChunkToStage = {
  readonly source: DocumentSource;
  readonly from: Position;
  /** Where the error file ends before it. */
  readonly errorsFrom: ErrorFilePosition;
  readonly limits: PartLimits;
  readonly context: CommandContext;
  /** Null: commands are checked and counted, and come into no table. */
  readonly staging: DuckDBInstance | null;
  /** Null or absent: unknown technical names fail. */
  readonly newSegments?: NewSegmentsStart | null | undefined;
  /** Whom failed records name comes into a table as well. */
  readonly keepsNamed: boolean;
  readonly onRead?: (progress: PartProgress) => void;
  /** Where it is parsed; by default where that is cheaper. */
  readonly read?: ReadPartOf;
  readonly onReaderTrap?: OnReaderTrap | undefined;
};

async function stageOnce(of: ChunkToStage, reader: Reader): Promise<Chunk> {
  const { source, staging, read = readPart } = of;
  const { datamartId } = of.context.catalogue;
  const { format, job } = source;
  const part: ReadablePart = { ...of, ...source, format, job, linesBefore: 0, reader };
  if (staging === null) {
    const counted = await read(part, { table: countingTable(), named: null });
    return { table: null, namedTable: null, ...counted };
  }
  const table = await openStagingTable(staging, datamartId);
  let named: StagingTable | null = null;
  try {
    if (of.keepsNamed) named = await openStagingTable(staging, datamartId);
    const staged = await read(part, { table, named });
    return { table: await table.finish(), namedTable: (await named?.finish()) ?? null, ...staged };
  } catch (error) {
    table.discard();
    named?.discard();
    throw error;
  }
}
