import type { DuckDBInstance } from '@duckdb/node-api';
import { PlainReaderTrap } from '../../errors.ts';
import { GROUP_LINES } from '../../store/merges.ts';
import type { CommandContext } from '../document-format.ts';
import { EMPTY_ERROR_FILE } from '../error-file.ts';
import type { PartLimits, ReadPart } from '../parse/part-parser.ts';
import type { OnReaderTrap } from './after-trap.ts';
import { readPart } from './read-part.ts';
import type { DocumentSource } from './stage-chunk.ts';
import { openStagingTable } from './staging-table.ts';

/** Documents that were each staged whole, one after the other, into one table. */
export type StagedDocuments = {
  readonly table: string | null;
  readonly documents: readonly ReadPart[];
};

/**
 * Stages whole documents of one datamart into one table: making and dropping a table takes longer
 * than reading a small document. Null when they are over the limits together, or the reader of
 * plain lines traps: then they are to be staged one by one. `open` gives the document at a
 * position, as long as it is read.
 */
export async function stageGroup(of: {
  readonly count: number;
  readonly open: (position: number, read: (source: DocumentSource) => Promise<ReadPart>) => Promise<ReadPart>;
  readonly limits: PartLimits;
  readonly context: CommandContext;
  readonly staging: DuckDBInstance;
  readonly onReaderTrap?: OnReaderTrap | undefined;
}): Promise<StagedDocuments | null> {
  const { limits, context } = of;
  const table = await openStagingTable(of.staging, context.catalogue.datamartId);
  try {
    const documents: ReadPart[] = [];
    for (let position = 0; position < of.count; position++) {
      const rows = limits.rows - table.rows;
      const read = await of.open(position, (source) =>
        readPart(
          {
            ...{ ...source, from: { offset: 0, line: 0 }, errorsFrom: EMPTY_ERROR_FILE },
            ...{ limits: { ...limits, rows }, context, linesBefore: position * GROUP_LINES },
          },
          { table, named: null },
        ),
      );
      if (!read.isLast) {
        table.discard();
        return null;
      }
      documents.push(read);
    }
    return { table: await table.finish(), documents };
  } catch (error) {
    table.discard();
    if (!(error instanceof PlainReaderTrap)) throw error;
    of.onReaderTrap?.(error);
    return null;
  }
}
