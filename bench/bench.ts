import { rmSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Options } from './options.ts';
import { type Measured, type Outcome, type Row, renderTable } from './table.ts';

/** What a run of the bench hands to each of its parts. */
export type Bench = {
  readonly options: Options;
  /** A folder for files and stores; removed at the end. */
  readonly scratch: string;
  readonly rows: readonly Row[];
  /** `count` things of the real run at the scale of this one. */
  scaled(count: number): number;
  /** Time until the run is to be over. */
  leftMs(): number;
  /**
   * Measures one row. What goes wrong is said in the row, and the run goes on: then it resolves to
   * undefined.
   */
  measure(row: Omit<Row, 'outcome'>, run: () => Promise<Measured>): Promise<Measured | undefined>;
  /** Adds a row that came of others. */
  add(row: Row): void;
  /** Opens something for as long as `use` takes. It is closed when the run is interrupted, too. */
  using<T extends Closable, R>(open: () => Promise<T>, use: (opened: T) => Promise<R>): Promise<R>;
  /** Closes what is open and removes the scratch folder. */
  close(): Promise<void>;
};

export type Closable = { close(): Promise<void> };

/** Something that a row needs is not on this machine. */
export class NotHere extends Error {
  override readonly name = 'NotHere';
}

export async function openBench(options: Options): Promise<Bench> {
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'muster-bench-'));
  // PostgreSQL does not run as root: its user must be able to reach its folder.
  await chmod(scratch, 0o711);
  const endsAt = performance.now() + options.minutes * 60_000;
  const rows: Row[] = [];
  const opened = new Set<Closable>();

  const add = (row: Row) => {
    rows.push(row);
    // As it goes, so that a run that is broken off has shown what it had.
    console.error(renderTable([row]).split('\n').at(-1));
  };

  return {
    options,
    scratch,
    rows,
    scaled: (count) => Math.max(1, Math.round(count * options.scale)),
    leftMs: () => endsAt - performance.now(),
    add,
    async measure(row, run) {
      if (performance.now() >= endsAt) {
        add({ ...row, outcome: { skipped: `the ${options.minutes} minutes of the run were over` } });
        return undefined;
      }
      try {
        const measured = await run();
        add({ ...row, outcome: measured });
        return measured;
      } catch (error) {
        add({ ...row, outcome: outcomeOf(error) });
        return undefined;
      }
    },
    async using(open, use) {
      const resource = await open();
      opened.add(resource);
      try {
        return await use(resource);
      } finally {
        opened.delete(resource);
        await resource.close();
      }
    },
    async close() {
      for (const resource of opened) await resource.close().catch(console.error);
      if (options.keep) console.error(`kept ${scratch}`);
      else rmSync(scratch, { recursive: true, force: true });
    },
  };
}

function outcomeOf(error: unknown): Outcome {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof NotHere ? { skipped: message } : { failed: message.slice(0, 300) };
}
