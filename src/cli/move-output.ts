import type { MovedTable } from '../store/move/move-store.ts';
import { CliError } from './failures.ts';
import { createBar } from './import/progress.ts';
import { formatCount, print, printJson } from './output.ts';

/** A bar of the rows of one table after the other, on standard error when that is a terminal. */
export function openRowProgress(): {
  readonly moved: (table: string, rows: number, of: number) => void;
  readonly close: () => void;
} {
  if (!process.stderr.isTTY) return { moved: () => {}, close: () => {} };
  const bar = createBar('{table}  [{bar}] {percentage}%  {rows} rows');
  bar.start(1, 0, { table: '', rows: '0' });
  return {
    moved: (table, rows, of) => {
      bar.setTotal(Math.max(of, 1));
      bar.update(Math.min(rows, of), { table: table.padEnd(22), rows: formatCount(rows) });
    },
    close: () => bar.stop(),
  };
}

/** Tells what was moved; throws when it is not the same on both sides. */
export function tellMoved(tables: readonly MovedTable[], { json }: { readonly json: boolean }): void {
  if (json) printJson({ tables: tables.map(({ table, rows, isSame }) => ({ table, rows, same: isSame })) });
  else
    print(
      tables
        .filter(({ rows, isSame }) => rows > 0 || !isSame)
        .map(
          ({ table, rows, isSame }) =>
            `${table.padEnd(24)}${formatCount(rows).padStart(14)}  ${isSame ? 'same in both stores' : 'DIFFERENT'}`,
        )
        .join('\n'),
    );
  const other = tables.find(({ isSame }) => !isSame);
  if (other !== undefined) throw new CliError(`the rows of ${other.table} differ between the two stores`);
}
