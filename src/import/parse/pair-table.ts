import type { Command } from '../../model/command.ts';
import type { PlainLines } from '../document-format.ts';
import { type PairBatch, type PairColumns, takeColumns } from './pair-columns.ts';
import type { PlainSource } from './plain-lines.ts';

/** Takes commands. */
export interface PairTable {
  /** (command, segment) pairs so far. */
  readonly rows: number;
  append(line: number, command: Command): void;
  /** Takes plain lines as they come. */
  readLines(source: PlainSource): PlainLines['take'];
}

/** What all tables that count read lines with: nothing stays in it. */
let counting: PairColumns | null = null;

/** Keeps nothing of what it takes. */
export function countingTable(): PairTable {
  let rows = 0;
  return {
    get rows() {
      return rows;
    },
    append: (_, { targets }) => {
      rows += targets.length;
    },
    readLines: (source) => {
      if (counting?.hasTrapped()) counting = null;
      counting ??= takeColumns();
      const columns = counting;
      const count = () => {
        rows += columns.rows();
        columns.clear();
      };
      const take = columns.readLines(source, count);
      return (...of) => {
        const taken = take(...of);
        count();
        return taken;
      };
    },
  };
}

/** Gathers the commands of a datamart in columns. */
export interface GatheringTable extends PairTable {
  /** Hands over what has not been yet. */
  flush(): void;
}

/** `onBatch` is handed the columns when they are full. */
export function gatherPairs(
  datamartId: string,
  columns: PairColumns,
  onBatch: (batch: PairBatch) => void,
): GatheringTable {
  columns.open(datamartId);
  /** In batches that were handed over. */
  let rowsBefore = 0;

  function append(line: number, command: Command): void {
    const { operation, targets } = command;
    let isBegun = false;
    for (const { segmentId, expiresAt } of targets) {
      if (!isBegun) columns.begin(command);
      columns.add(line, Number(segmentId), operation === 'UPDATE', expiresAt ?? 0);
      isBegun = !columns.isFull();
      if (!isBegun) flush();
    }
  }

  function flush(): void {
    const rows = columns.rows();
    if (rows === 0) return;
    rowsBefore += rows;
    onBatch(columns.take());
  }

  return {
    get rows() {
      return rowsBefore + columns.rows();
    },
    append,
    readLines: (source) => columns.readLines(source, flush),
    flush,
  };
}
