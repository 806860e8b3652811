import type { DuckDBInstance } from '@duckdb/node-api';
import { GROUP_LINES } from '../../store/merges.ts';
import type { CommandContext } from '../document-format.ts';
import { EMPTY_ERROR_FILE } from '../error-file.ts';
import { type ChunkLimits, type DocumentSource, type ReadChunk, readChunk } from './stage-chunk.ts';
import { openStagingTable, type PairTable } from './staging-table.ts';

/** Documents that were each staged whole, one after the other, into one table. */
export type StagedDocuments = {
  readonly table: string | null;
  readonly documents: readonly ReadChunk[];
};

/**
 * Stages whole documents of one datamart into one table: making and dropping a table takes longer than reading a small
 * document. Null when they are over the limits together. `open` gives the document at a position, as long as it is read.
 */
export async function stageGroup(of: {
  readonly count: number;
  readonly open: (
    position: number,
    read: (source: DocumentSource) => Promise<ReadChunk>,
  ) => Promise<ReadChunk>;
  readonly limits: ChunkLimits;
  readonly context: CommandContext;
  readonly staging: DuckDBInstance;
}): Promise<StagedDocuments | null> {
  const { limits, context } = of;
  const table = await openStagingTable(of.staging, context.catalogue.datamartId);
  try {
    const documents: ReadChunk[] = [];
    for (let position = 0; position < of.count; position++) {
      const rows = limits.rows - table.rows;
      const read = await of.open(position, (source) =>
        readChunk(
          {
            ...{ source, from: { offset: 0, line: 0 }, errorsFrom: EMPTY_ERROR_FILE },
            ...{ limits: { ...limits, rows }, context },
          },
          placedAt(table, position),
        ),
      );
      if (!read.isLast) {
        await table.discard();
        return null;
      }
      documents.push(read);
    }
    return { table: await table.finish(), documents };
  } catch (error) {
    await table.discard();
    throw error;
  }
}

/** The part of a group's table that belongs to the document at `position`; its lines begin with 1 for who appends. */
function placedAt(table: PairTable, position: number): PairTable {
  const firstLine = position * GROUP_LINES;
  const rowsBefore = table.rows;
  return {
    get rows() {
      return table.rows - rowsBefore;
    },
    append: (line, command) => table.append(firstLine + line, command),
    appendPlain: (bytes, pair) => table.appendPlain(bytes, { ...pair, line: firstLine + pair.line }),
  };
}
