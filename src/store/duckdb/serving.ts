import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDBInstance } from '@duckdb/node-api';
import type { Logger } from 'pino';
import { passFaultPoint } from '../../fault-points.ts';
import { safeMessage } from '../../safe-message.ts';
import { rangesOf } from '../key-ranges.ts';
import { literal, type Row } from '../records/database.ts';
import { chooseMerge } from '../serving/choose-merge.ts';
import { mergeInThread } from '../serving/merge-in-thread.ts';
import { Run } from '../serving/run.ts';
import { RunDraft } from '../serving/run-draft.ts';
import { RUNS_FOLDER, runFile, sweepRunFiles } from '../serving/run-files.ts';
import { RunDamagedError } from '../serving/run-format.ts';
import type { MadeRun } from '../serving/run-output.ts';
import type { ServingLimits } from '../serving/serving-limits.ts';
import { type PlacedRun, ServingRuns } from '../serving/serving-runs.ts';
import { type Due, Upkeep } from '../serving/upkeep.ts';
import { type MadeRuns, RUN_ORIGINS, type RunOrigin, type ServingState } from '../serving-state.ts';
import { type DuckDbSql, openConnection } from '../staging/duckdb-connection.ts';
import type { DuckDbDatabase, WithSql } from './duckdb-database.ts';
import { noteRun, openRow, RUN_ROWS } from './run-manifest.ts';
import { addRowsOf } from './run-rows.ts';
import { statement } from './statements.ts';

/**
 * A base without those who were erased comes after so many times as long as it takes, where
 * `erasedAfterMs` is shorter: erasures all day must not keep a core busy.
 */
const ERASED_AFTER_BASES = 20;

export type ServingLog = Pick<Logger, 'info' | 'warn' | 'error'>;

type ServingOptions = {
  readonly db: DuckDbDatabase;
  readonly instance: DuckDBInstance;
  /** Name of the database. */
  readonly database: string;
  /** Folder of the store. */
  readonly dir: string;
  readonly limits: ServingLimits;
  readonly log: ServingLog;
  readonly clock: () => number;
};

/**
 * The serving runs of the embedded store: each transaction that changes memberships or users adds a
 * run, and names it in `serving_run`; small runs are merged into larger ones, all of them into a
 * base, and a base is made of the tables where there is none or a run is damaged.
 * docs/internals/serving-runs.md has the design.
 */
export class Serving {
  readonly runs: ServingRuns;
  readonly #of: ServingOptions;
  readonly #folder: string;
  readonly #upkeep: Upkeep;
  #step = 0;
  #changedAt = Number.NEGATIVE_INFINITY;
  #baseSince: number | null = null;
  /** How long the last base took. */
  #baseMs = 0;
  #erasedSince: number | null = null;
  /**
   * Expired memberships or segments were removed, so that the base may have some that nobody is
   * told of.
   */
  #hasLitter = true;
  #sweptUpTo = Number.NEGATIVE_INFINITY;
  #madeShare = 1;
  readonly #made = Object.fromEntries(
    RUN_ORIGINS.map((origin) => [origin, { runs: 0, ms: 0, bytes: 0 }]),
  ) as Record<RunOrigin, MadeRuns>;
  #damages = 0;
  #faults = 0;

  private constructor(of: ServingOptions) {
    this.#of = of;
    this.#folder = path.join(of.dir, RUNS_FOLDER);
    this.runs = new ServingRuns((damage) => this.#onDamage(damage));
    this.#upkeep = new Upkeep({
      turn: (signal) => this.#turn(signal),
      onFault: (err) => {
        this.#faults++;
        of.log.error({ err }, 'serving runs could not be put in order, it is tried again');
        return of.limits.retryMs;
      },
    });
  }

  static async open(of: ServingOptions): Promise<Serving> {
    const serving = new Serving(of);
    await serving.#open();
    return serving;
  }

  /**
   * Does a transaction that may change memberships or users; what it adds to the draft becomes a
   * run, durable before the transaction commits, and answers look-ups as soon as it has.
   * `endsExecutions`: look-ups wait for the commit, which is to be a small one.
   */
  async recording<T>(
    transact: WithSql,
    work: (sql: DuckDbSql, draft: RunDraft) => Promise<T>,
    { endsExecutions = false } = {},
  ): Promise<T> {
    const draft = new RunDraft(this.#folder, this.#of.limits);
    let release: () => void = () => undefined;
    let placed: PlacedRun | null = null;
    try {
      const result = await transact(async (sql) => {
        const result = await work(sql, draft);
        const start = performance.now();
        const made = await draft.finish();
        if (made !== null) {
          this.#noteMade('change', { ms: performance.now() - start, bytes: made.bytes });
          const step = ++this.#step;
          placed = { first: step, last: step, run: Run.open(made) };
          await noteRun(sql, made, { ...placed, now: this.#of.clock() });
          passFaultPoint('run-before-commit');
          if (endsExecutions) release = this.runs.hold();
        }
        return result;
      });
      if (placed !== null) {
        this.runs.add(placed);
        this.#lookForErased();
        this.#changedAt = performance.now();
        this.#upkeep.wake();
      }
      return result;
    } catch (error) {
      (placed as PlacedRun | null)?.run.close();
      await draft.discard();
      throw error;
    } finally {
      release();
    }
  }

  /**
   * Notes that rows are gone from the tables which the runs go on having, since nobody is told of
   * them.
   */
  noteLitter(of: { readonly sweptUpTo: number } | 'SEGMENT'): void {
    this.#hasLitter = true;
    if (of !== 'SEGMENT') this.#sweptUpTo = Math.max(this.#sweptUpTo, of.sweptUpTo);
  }

  state(): ServingState {
    const runs = this.runs.list.map(({ run }) => run);
    const sum = (bytesOf: (run: Run) => number) => runs.reduce((total, run) => total + bytesOf(run), 0);
    return {
      isWhole: this.runs.isWhole,
      madeShare: this.#madeShare,
      runs: runs.length,
      bytes: sum(({ bytes }) => bytes),
      fileBytes: sum(({ bytes, inMemory }) => (inMemory ? 0 : bytes)),
      memoryBytes: sum(({ memoryBytes }) => memoryBytes),
      baseAgeMs: this.#baseSince === null ? null : Math.max(0, this.#of.clock() - this.#baseSince),
      made: { ...this.#made },
      damages: this.#damages,
      faults: this.#faults,
      ...this.runs.counts,
    };
  }

  /** Does work while no file of a run is removed. */
  keepingFiles<T>(work: () => Promise<T>): Promise<T> {
    return this.#upkeep.holdFor(work);
  }

  /** Resolves when nothing is to be done that can be done at once. */
  settled(): Promise<void> {
    return this.#upkeep.settled();
  }

  async close(): Promise<void> {
    await this.#upkeep.close();
    this.runs.close();
  }

  async #open(): Promise<void> {
    const { db, limits } = this.#of;
    const rows = await db.read((sql) => sql.query(RUN_ROWS));
    await sweepRunFiles(this.#folder, new Set(rows.map(({ id }) => String(id))));
    this.#step = Number(rows[0]?.last_step ?? 0);
    const placed: PlacedRun[] = [];
    try {
      for (const row of rows) placed.push(openRow(row, this.#of.dir));
      this.runs.replace(placed);
      this.#lookForErased();
      const base = rows.at(-1);
      this.#baseSince = base && Number(base.first_step) === 0 ? Number(base.creation_ts) : null;
    } catch (error) {
      for (const { run } of placed) run.close();
      if (!(error instanceof RunDamagedError)) throw error;
      this.#onDamage(error);
    }
    const isWhole = this.runs.isWhole;
    this.#upkeep.wake();
    if (isWhole) return;
    const [users] = await db.read((sql) => sql.query('select count(*) as users from user_identifier'));
    // where it cannot be made, on a disk that is full, the tables answer
    if (Number(users?.users) <= limits.usersAtOpen) await this.settled();
  }

  get #erasedAfterMs(): number {
    return Math.max(this.#of.limits.erasedAfterMs, ERASED_AFTER_BASES * this.#baseMs);
  }

  /** Whom a run says to be erased is in older ones still: no file is to keep anybody for long. */
  #lookForErased(): void {
    const isAny = this.runs.list.some(({ run }) => run.footer.erased > 0);
    this.#erasedSince = isAny ? (this.#erasedSince ?? performance.now()) : null;
    if (isAny) this.#upkeep.wakeIn(this.#erasedAfterMs);
  }

  #noteMade(origin: RunOrigin, { ms, bytes }: Omit<MadeRuns, 'runs'>): void {
    const before = this.#made[origin];
    this.#made[origin] = { runs: before.runs + 1, ms: before.ms + ms, bytes: before.bytes + bytes };
  }

  #onDamage(damage: Error): void {
    this.runs.distrust();
    this.#damages++;
    const reason = safeMessage(damage);
    this.#of.log.error({ reason }, 'a serving run is damaged: look-ups ask the tables until it is made anew');
    this.#upkeep.wake();
  }

  /** Makes a base where there is none, or merges the runs that are to be. */
  async #turn(signal: AbortSignal): Promise<Due> {
    if (!this.runs.isWhole) {
      await this.#makeBase(signal);
      return 'AT_ONCE';
    }
    const { limits } = this.#of;
    const now = performance.now();
    const erasureIn = this.#erasedSince === null ? null : this.#erasedSince + this.#erasedAfterMs - now;
    const changedIn = this.#changedAt + limits.quietMs - now;
    const quietIn = changedIn <= 0 && (await this.#isImporting()) ? limits.quietMs : changedIn;
    const isErasureDue = erasureIn !== null && erasureIn <= 0;
    const pressure = quietIn > 0 ? 'BUSY' : 'IDLE';
    const chosen = isErasureDue ? this.runs.list : chooseMerge(this.runs.list, pressure, limits);
    if (chosen !== null) {
      await this.#merge(chosen, signal);
      return 'AT_ONCE';
    }
    // a timer may come a little early, and one that was set may have come while there was other
    // work
    const later = [quietIn, erasureIn].filter((ms) => ms !== null && ms > 0) as number[];
    return later.length === 0 ? null : Math.min(...later);
  }

  /** Between two of its chunks an import may take longer than it takes to seem quiet. */
  async #isImporting(): Promise<boolean> {
    const running = `select 1 from execution where status = 'RUNNING' limit 1`;
    return (await this.#of.db.read((sql) => sql.query(running))).length > 0;
  }

  /** Makes one run of some that follow each other. */
  async #merge(chosen: readonly PlacedRun[], signal: AbortSignal): Promise<void> {
    const start = performance.now();
    const [newest, oldest] = [chosen[0] as PlacedRun, chosen.at(-1) as PlacedRun];
    const isBase = oldest.first === 0;
    const hasLitter = isBase && this.#hasLitter;
    // what comes from now on is for the next one
    if (isBase) this.#hasLitter = false;
    const sources = chosen.map(({ run }) => run);
    for (const run of sources) run.retain();
    try {
      const kept = hasLitter ? await this.#kept() : null;
      const { inlineBytes } = this.#of.limits;
      const base = isBase ? { kept } : null;
      const made = await this.#replacing({ first: oldest.first, last: newest.last }, () =>
        mergeInThread(sources, { folder: this.#folder, inlineBytes, base, signal }),
      );
      const { bytes, records: users } = made;
      const ms = Math.round(performance.now() - start);
      this.#noteMade(isBase ? 'base' : 'merge', { ms, bytes });
      if (isBase)
        this.#of.log.info({ runs: chosen.length, users, bytes, ms }, 'serving runs were merged into a base');
    } catch (error) {
      if (isBase) this.#hasLitter = true;
      if (!(error instanceof RunDamagedError)) throw error;
      this.#onDamage(error);
    } finally {
      for (const run of sources) run.release();
    }
  }

  /**
   * Which memberships the tables have, of those that a run has: segments may be gone, and expired
   * ones were swept.
   */
  async #kept(): Promise<{ segmentIds: ReadonlySet<number>; expiringAfter: number }> {
    const expiringAfter = this.#sweptUpTo;
    const rows = await this.#of.db.read((sql) => sql.query('select id from segment'));
    return { segmentIds: new Set(rows.map(({ id }) => Number(id))), expiringAfter };
  }

  /**
   * Makes a base of the tables, as they are at one moment, and puts it in the place of all runs
   * from before.
   */
  async #makeBase(signal: AbortSignal): Promise<void> {
    const { instance, database, log } = this.#of;
    const start = performance.now();
    this.#madeShare = 0;
    const { sql, close } = await openConnection(instance, database);
    try {
      await sql.query('begin transaction read only');
      const [known] = await sql.query(
        `select (select coalesce(max(last_step), 0) from serving_run) as last,
           (select count(*) from user_identifier) as users, (select count(*) from membership) as memberships`,
      );
      const users = Number(known?.users);
      const memberships = Number(known?.memberships);
      if (users > 0) log.info({ users, memberships }, 'serving runs are being made, look-ups ask the tables');
      const ranges = rangesOf(Math.max(1, Math.ceil((users + memberships) / this.#of.limits.rowsPerRange)));
      const { bytes } = await this.#replacing({ first: 0, last: Number(known?.last) }, async () => {
        const draft = new RunDraft(this.#folder, this.#of.limits);
        draft.mostKeys = users;
        try {
          for (const [done, range] of ranges.entries()) {
            signal.throwIfAborted();
            this.#madeShare = done / ranges.length;
            await addRowsOf(sql, draft, statement('base-rows', range));
          }
          return await draft.finishEvenEmpty();
        } catch (error) {
          await draft.discard();
          throw error;
        }
      });
      const ms = Math.round(performance.now() - start);
      this.#noteMade('tables', { ms, bytes });
      if (users > 0) log.info({ users, memberships, bytes, ms }, 'serving runs answer look-ups');
      this.#madeShare = 1;
    } finally {
      close();
    }
  }

  /** Puts a run in the place of those from one step to another. */
  async #replacing(
    { first, last }: { readonly first: number; readonly last: number },
    make: () => Promise<MadeRun>,
  ): Promise<MadeRun> {
    const start = performance.now();
    const made = await make();
    let placed: PlacedRun | null = null;
    let replaced: readonly Row[];
    try {
      const replacing = { first, last, run: Run.open(made) };
      placed = replacing;
      passFaultPoint('runs-merged');
      replaced = await this.#of.db.write(async (sql) => {
        const rows = await sql.query(
          `delete from serving_run where first_step >= ${literal(first)} and last_step <= ${literal(last)}
           returning id, content is null as is_file`,
        );
        await noteRun(sql, made, { ...replacing, now: this.#of.clock() });
        return rows;
      });
    } catch (error) {
      placed?.run.close();
      await rm(runFile(this.#folder, made.id), { force: true });
      throw error;
    }
    passFaultPoint('runs-swapped');
    const before = this.runs.list;
    const newer = before.filter((each) => each.first > last);
    const older = before.filter((each) => each.last < first);
    this.runs.replace([...newer, placed, ...older]);
    if (first === 0) {
      this.#baseSince = this.#of.clock();
      this.#baseMs = performance.now() - start;
      this.#erasedSince = null;
    }
    this.#lookForErased();
    // those of the manifest: where one is damaged, none of the others is in the list either
    for (const { id, is_file } of replaced) {
      if (!is_file) continue;
      await rm(runFile(this.#folder, String(id)), { force: true });
      passFaultPoint('run-file-removed');
    }
    return made;
  }
}
