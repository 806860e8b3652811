import path from 'node:path';
import type { DuckDBBlobValue } from '@duckdb/node-api';
import { literal, type Row, type Sql } from '../records/database.ts';
import { Run } from '../serving/run.ts';
import { RUNS_FOLDER, runFile } from '../serving/run-files.ts';
import type { MadeRun } from '../serving/run-output.ts';
import type { PlacedRun } from '../serving/serving-runs.ts';

/** The rows of the manifest, those of the newest runs first. */
export const RUN_ROWS = 'select * from serving_run order by last_step desc';

/** Opens the run of a row; `dir`: the folder of the store. Throws `RunDamagedError`. */
export function openRow(row: Row, dir: string): PlacedRun {
  const id = String(row.id);
  const content = row.content as DuckDBBlobValue | null;
  const source =
    content === null
      ? { file: runFile(path.join(dir, RUNS_FOLDER), id) }
      : { content: Buffer.from(content.bytes) };
  const run = Run.open({ id, bytes: Number(row.bytes), ...source });
  return { first: Number(row.first_step), last: Number(row.last_step), run };
}

/** Names a run in the manifest, in the transaction that it is of. */
export async function noteRun(
  sql: Sql,
  made: MadeRun,
  { first, last, now }: Pick<PlacedRun, 'first' | 'last'> & { readonly now: number },
): Promise<void> {
  const content = 'content' in made ? made.content.toString('hex') : null;
  await sql.query(
    `insert into serving_run values ($1, ${literal(first)}, ${literal(last)}, ${literal(made.bytes)},
       ${literal(made.records)}, ${literal(Math.trunc(now))}, unhex($2))`,
    [made.id, content],
  );
}
