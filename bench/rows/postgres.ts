import { createReadStream, readFileSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Bench } from '../bench.ts';
import { type CommandFile, lineBlocks, withFile } from '../files.ts';
import { openPostgres } from '../postgres/open-postgres.ts';
import type { Measured } from '../table.ts';
import { MILLION, SEGMENTS, workloadOf } from '../workloads.ts';

const SAMPLE_LINES = 100_000;
const COMMIT_LINES = 10_000;
const SEGMENT_IDS = Array.from({ length: SEGMENTS }, (_, index) => String(index + 1));
const BY_HAND = ['extract-commands', 'insert-accounts', 'upsert-memberships', 'delete-memberships'] as const;

/**
 * The same files with PostgreSQL: the pipeline a data engineer would write, and the loop that many
 * importers are.
 */
export async function measurePostgres(bench: Bench): Promise<void> {
  const rows = [
    { id: 'postgres-empty', what: 'PostgreSQL by hand: NDJSON, 1 M lines, empty store' },
    { id: 'postgres-again', what: 'PostgreSQL by hand: NDJSON, the same file again' },
  ];
  const smallRows = [
    { id: 'postgres-100k-empty', what: 'PostgreSQL by hand: NDJSON, 100,000 lines, empty store' },
    { id: 'postgres-100k-again', what: 'PostgreSQL by hand: NDJSON, the same 100,000 lines again' },
  ];
  const rowByRow = {
    id: 'postgres-rows',
    what: 'PostgreSQL row by row: prepared upserts, a commit each 10,000, empty store',
  };
  try {
    await bench.using(
      () => openPostgres(bench),
      async ({ client }) => {
        await client.query(`set statement_timeout = ${Math.max(1, Math.round(bench.leftMs()))}`);
        await createTables(client);
        const million = workloadOf(bench, { lines: MILLION, segmentIds: SEGMENT_IDS });
        await withFile(bench.scratch, million, async (file) => {
          for (const row of rows) await bench.measure(row, () => loadByHand(client, file));
        });
        await client.query('truncate membership, user_account');
        const sample = workloadOf(bench, { lines: SAMPLE_LINES, segmentIds: SEGMENT_IDS });
        await withFile(bench.scratch, sample, async (file) => {
          for (const row of smallRows) await bench.measure(row, () => loadByHand(client, file));
          await client.query('truncate membership, user_account');
          await bench.measure(rowByRow, () => loadRowByRow(bench, client, file));
        });
      },
    );
  } catch (error) {
    const said = [...rows, ...smallRows, rowByRow].filter(
      ({ id }) => !bench.rows.some((row) => row.id === id),
    );
    for (const row of said) await bench.measure(row, () => Promise.reject(error));
  }
}

/**
 * The pipeline by hand on a store that is no longer small: what `measurePostgresStore` does with
 * Muster.
 */
export async function measurePostgresLarge(bench: Bench): Promise<void> {
  await bench.using(
    () => openPostgres(bench),
    async ({ client }) => {
      await client.query(`set statement_timeout = ${Math.max(1, Math.round(bench.leftMs()))}`);
      await createTables(client);
      const of = (lines: number) => workloadOf(bench, { lines, segmentIds: SEGMENT_IDS });
      const all = { ...of(10 * MILLION), deletePerMille: 0, repeatedPerMille: 0 };
      await withFile(bench.scratch, all, (file) =>
        bench.measure(
          {
            id: 'postgres-fill',
            what: 'PostgreSQL by hand: NDJSON, 10 M users, one file and one transaction',
          },
          () => loadByHand(client, file),
        ),
      );
      await withFile(bench.scratch, { ...of(MILLION), seed: 2 }, (file) =>
        bench.measure(
          { id: 'postgres-10', what: 'PostgreSQL by hand: NDJSON, 1 M lines into 10 M memberships' },
          () => loadByHand(client, file),
        ),
      );
    },
  );
}

/** The tables of the pipeline by hand. */
export async function createTables(client: Client): Promise<void> {
  await client.query(statement('create-tables'));
  await client.query('insert into segment select generate_series(1, $1::integer)', [SEGMENTS]);
}

/**
 * One transaction; the staging tables are emptied and measured for the planner, as a nightly job
 * would.
 */
export async function loadByHand(client: Client, file: CommandFile): Promise<Measured> {
  const steps: string[] = [];
  const startedAt = performance.now();
  let stepAt = startedAt;
  const ended = (step: string) => {
    steps.push(`${step} ${((performance.now() - stepAt) / 1000).toFixed(1)}`);
    stepAt = performance.now();
  };
  await client.query('begin');
  try {
    await client.query('truncate line, command');
    await pipeline(createReadStream(file.path), client.query(copyFrom(statement('copy-lines'))));
    ended('copy');
    for (const name of BY_HAND) {
      await client.query(statement(name));
      if (name === 'extract-commands') await client.query('analyze command');
      if (name === 'insert-accounts') await client.query('analyze user_account');
      ended(name.split('-')[0] ?? name);
    }
    await client.query('commit');
    ended('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  return { count: file.lines, seconds, perSecond: file.lines / seconds, remark: `s: ${steps.join(', ')}` };
}

async function loadRowByRow(bench: Bench, client: Client, file: CommandFile): Promise<Measured> {
  const update = { name: 'upsert-one', text: statement('upsert-one') };
  const remove = { name: 'delete-one', text: statement('delete-one') };
  const startedAt = performance.now();
  let done = 0;
  await client.query('begin');
  for await (const lines of lineBlocks(file.path)) {
    for (const line of lines) {
      const command = JSON.parse(line) as Readonly<Record<string, string | number | undefined>>;
      const { user_account_id, segment_id, expiration_duration, data_bag } = command;
      await client.query(
        command.operation === 'UPDATE'
          ? { ...update, values: [user_account_id, segment_id, expiration_duration, data_bag] }
          : { ...remove, values: [user_account_id, segment_id] },
      );
      done += 1;
      if (done % COMMIT_LINES === 0) {
        await client.query('commit');
        if (bench.leftMs() < 0) throw new Error(`out of time after ${done} lines`);
        await client.query('begin');
      }
    }
  }
  await client.query('commit');
  const seconds = (performance.now() - startedAt) / 1000;
  const perSecond = done / seconds;
  const remark = `a sample; 1 M lines at this rate: ${Math.round(MILLION / perSecond)} s (extrapolated)`;
  return { count: done, seconds, perSecond, remark };
}

/** A statement of `bench/postgres`. */
export function statement(name: string): string {
  return readFileSync(path.join(import.meta.dirname, `../postgres/${name}.sql`), 'utf8');
}
