import type { DuckDBInstance } from '@duckdb/node-api';
import type { FailedCommand } from '../../model/command-call.ts';
import { GROUP_LINES } from '../../store/merges.ts';
import type { CommandContext, DocumentFormat } from '../document-format.ts';
import { EMPTY_ERROR_FILE } from '../error-file.ts';
import { ndjsonFormat } from '../ndjson.ts';
import type { PairTable } from '../parse/pair-table.ts';
import { createPartParser, type PartStart, type Reader, type ReadPart } from '../parse/part-parser.ts';
import { type OnReaderTrap, stageDespiteTrap } from './after-trap.ts';
import { openStagingTable } from './staging-table.ts';

/** What was read of a call. */
export type ReadCall = Pick<ReadPart, 'pairs' | 'successes' | 'warnings' | 'newSegments'> & {
  readonly failed: readonly FailedCommand[];
};

/** Calls that were staged one after the other into one table. */
export type StagedTable = { readonly table: string | null; readonly calls: readonly ReadCall[] };

/** Commands at once name their segments, as those of a document import do. */
const JOB = { type: 'DOCUMENT_IMPORT', documentImportId: '0' } as const;
const UNLIMITED = { bytes: Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY };

/** Its commands as lines of NDJSON, and how many segments it may make. */
export type StageableCall = { readonly lines: Buffer; readonly mostSegments: number };

/** Stages calls. They are short: it takes no thread. */
export function stageCalls(of: CallsToStage): Promise<StagedTable> {
  return stageDespiteTrap((reader) => stageOnce(of, reader), of.onReaderTrap);
}

type CallsToStage = {
  readonly calls: readonly StageableCall[];
  readonly context: CommandContext;
  readonly staging: DuckDBInstance;
  readonly onReaderTrap?: OnReaderTrap | undefined;
};

async function stageOnce(of: CallsToStage, reader: Reader): Promise<StagedTable> {
  const table = await openStagingTable(of.staging, of.context.catalogue.datamartId);
  try {
    const calls = of.calls.map((call, position) =>
      readCall(call, { table, context: of.context, linesBefore: position * GROUP_LINES, reader }),
    );
    return { table: await table.finish(), calls };
  } catch (error) {
    table.discard();
    throw error;
  }
}

function readCall(
  { lines, mostSegments }: StageableCall,
  of: { readonly table: PairTable } & Pick<PartStart, 'context' | 'linesBefore' | 'reader'>,
): ReadCall {
  const failed: FailedCommand[] = [];
  // there is no error file: what failed is answered
  const format: DocumentFormat = {
    ...ndjsonFormat,
    errorLine: ({ line }, { code, message }) => {
      failed.push({ index: line - 1, code, message });
      return '';
    },
  };
  const { table, context, linesBefore, reader } = of;
  const from = format.start;
  const newSegments = mostSegments === 0 ? null : { names: [], most: mostSegments };
  const parser = createPartParser(
    {
      ...{ format, job: JOB, from, errorsFrom: EMPTY_ERROR_FILE, limits: UNLIMITED },
      ...{ context, linesBefore, newSegments, reader },
    },
    { table, named: null },
  );
  const read = parser.parse(lines, true);
  if (read === null) throw new Error('the commands of a call have no end');
  const { pairs, successes, warnings } = read;
  return { pairs, successes, warnings, newSegments: read.newSegments, failed };
}
