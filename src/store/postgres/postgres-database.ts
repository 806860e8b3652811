import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, type PoolConfig } from 'pg';
import type { Events } from '../../events.ts';
import { collectEvents, type Database } from '../records/database.ts';
import { recoverBeforeMerge } from './citus.ts';
import { promptly, unreachable, withClient } from './connections.ts';
import { hasLostItsConnection, isConflict, isLockTimeout, isRefused } from './faults.ts';
import { asSql, type PostgresSql, PROPAGATE, type ReadingSql, readingSqls } from './postgres-sql.ts';

/** One PostgreSQL, or the coordinator of a Citus cluster, and its transactions. */
export interface PostgresDatabase extends Database {
  /** Connections for what does not take long; the others are for merges and their like. */
  readonly smallConnections: number;
  /** As of every store. */
  read<T>(work: (sql: ReadingSql) => Promise<T>): Promise<T>;
  /** As of every store; on one connection, like all transactions here. */
  writeAlone<T>(work: (sql: PostgresSql) => Promise<T>): Promise<T>;
  /** Reads at one moment. */
  atOneMoment<T>(work: (sql: PostgresSql) => Promise<T>): Promise<T>;
  /**
   * A transaction that changes memberships of a datamart, in which no other does so: beside small
   * ones. With `purpose` COUNT it is rolled back.
   */
  merge<T>(
    datamartId: string,
    work: (sql: PostgresSql) => Promise<T>,
    purpose?: 'APPLY' | 'COUNT',
  ): Promise<T>;
  /**
   * A merge that begins before its turn: `before`, which changes no memberships, runs now, beside
   * other merges. Null when too few connections would be left for these.
   */
  mergeAhead<B>(before: (sql: PostgresSql) => Promise<B>): MergeAhead<B> | null;
  /** A transaction that changes memberships of any datamart, in which nothing else does so. */
  mergeAlone<T>(work: (sql: PostgresSql) => Promise<T>): Promise<T>;
  /**
   * Reads for somebody who waits for the answer: after two seconds, or `ms`, it is given up,
   * however far it is, and the connection with it, since a database that hangs does not say so.
   * Rejects with `StoreUnreachableError`.
   */
  readPromptly<T>(work: (sql: ReadingSql) => Promise<T>, ms?: number): Promise<T>;
  /** Resolves when the database answers now, promptly; it is not tried again. */
  ping(): Promise<void>;
  /** A transaction that changes what no other touches, and takes as long as it takes. */
  apart<T>(work: (sql: PostgresSql) => Promise<T>): Promise<T>;
  /** Waits for what is under way and closes the connections. */
  close(): Promise<void>;
}

/** A merge whose turn has not come yet. Either `run` or `abandon` has to be called, once. */
export type MergeAhead<B> = {
  /**
   * Goes on as `merge` does, with what `before` came to. Both are done again where the connection
   * is lost.
   */
  run<T>(datamartId: string, work: (sql: PostgresSql, before: B) => Promise<T>): Promise<T>;
  /** Rolls it back. */
  abandon(): Promise<void>;
};

export type PostgresOptions = {
  readonly url: string;
  /** Connections at most; a third of them, but two at least, are for what takes long. */
  readonly connections: number;
  /** How long what is done is tried again, from when the database could first not be reached. */
  readonly patienceMs: number;
  /** Told of what is committed here. */
  readonly events?: Pick<Events, 'emit'> | null;
};

/**
 * Advisory locks of transactions, so that they can be had through a pooler. WRITE: small
 * transactions come one after the other, on all nodes, as they do in the embedded store. MERGES:
 * shared by merges, exclusive for those that must be alone. A merge has one more, DATAMART with the
 * datamart's id: no two change the same memberships.
 */
const LOCK = { WRITE: 1, MERGES: 2, DATAMART: 3 } as const;
/**
 * The first half of the keys of Muster's advisory locks, so that they are not those of others in
 * the same database.
 */
const LOCK_SPACE = 0x4d75;

/**
 * How long a connection is kept. A prepared statement keeps the plan that was made while its table
 * was small, until autovacuum comes by or the connection ends.
 */
const CONNECTION_SECONDS = 60;

/** How long a close waits for what is under way. */
const CLOSE_MS = 15_000;

const SMALL = `${PROPAGATE}; set local statement_timeout = '30s'; set local lock_timeout = '20s'`;
/**
 * A merge of a chunk takes seconds; one that replaces a segment of 100 M members takes as long as
 * it takes.
 */
const LARGE = `${PROPAGATE}; set local statement_timeout = '12h'; set local lock_timeout = '10min'; set local jit = off`;

export function openPostgresDatabase({
  url,
  connections,
  patienceMs,
  events = null,
}: PostgresOptions): PostgresDatabase {
  const large = Math.max(2, Math.ceil(connections / 3));
  const poolOf = (max: number, of: PoolConfig = {}) => {
    const pool = new Pool({
      ...of,
      connectionString: url,
      max,
      application_name: 'muster',
      connectionTimeoutMillis: 10_000,
      idleTimeoutMillis: 60_000,
      keepAlive: true,
      // a host that is gone without a word is noticed in minutes and not in hours
      keepAliveInitialDelayMillis: 10_000,
    });
    // an idle connection that is lost is opened again when one is needed
    pool.on('error', () => undefined);
    return pool;
  };
  const smallConnections = Math.max(2, connections - large);
  const small = poolOf(smallConnections, {
    pipeline: true,
    maxLifetimeSeconds: CONNECTION_SECONDS,
  });
  const bulk = poolOf(large);
  const reading = readingSqls(small);
  let isClosed = false;
  const underWay = new Set<Promise<unknown>>();

  function tracked<T>(work: () => Promise<T>): Promise<T> {
    if (isClosed) return Promise.reject(new Error('the store is closed'));
    const run = work();
    underWay.add(run);
    const forget = () => underWay.delete(run);
    run.then(forget, forget);
    return run;
  }

  /**
   * Tries again what a lost connection or a conflict has kept from being done, until there is no
   * patience left.
   */
  async function untilDone<T>(attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    let until: number | undefined;
    for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, 2_000)) {
      try {
        return await attempt();
      } catch (fault) {
        if (isLockTimeout(fault) || isRefused(fault)) throw unreachable(fault);
        const isLost = hasLostItsConnection(fault);
        if ((!isLost && !isConflict(fault)) || signal?.aborted) throw fault;
        until ??= performance.now() + patienceMs;
        if (isClosed || performance.now() + waitMs > until) throw unreachable(fault);
        await sleep(waitMs);
      }
    }
  }

  /**
   * What `work` asks before it waits for anything leaves as one packet: on one machine a write
   * costs as much as a small query.
   */
  function withReader<T>(work: (sql: ReadingSql) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return withClient(
      small,
      (client) => {
        const { stream } = client.connection;
        stream.cork();
        try {
          return work(reading(client));
        } finally {
          stream.uncork();
        }
      },
      signal,
    );
  }

  const transaction = <T>(
    pool: Pool,
    of: { begin: string; end: 'commit' | 'rollback' },
    work: (sql: PostgresSql) => Promise<T>,
  ): Promise<T> => tracked(() => untilDone(() => runTransaction({ pool, small, events, ...of }, work)));

  const write = lock(LOCK.WRITE);
  let lastWrite: Promise<unknown> = Promise.resolve();
  /**
   * Those of this node wait for each other here, and not with a connection each, which reads would
   * miss.
   */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = lastWrite.then(work, work);
    lastWrite = turn.catch(() => undefined);
    return turn;
  }

  const locksOfMerge = (datamartId: string) =>
    `select ${sharedLock(LOCK.MERGES)}; select ${lockOf(LOCK.DATAMART, datamartId)}`;

  /** Merges that wait for their turn hold a connection each; two are left to those that do not. */
  let ahead = 0;

  function mergeAhead<B>(before: (sql: PostgresSql) => Promise<B>): MergeAhead<B> | null {
    if (isClosed || ahead >= large - 2) return null;
    ahead++;
    let begin: (work: (sql: PostgresSql, found: B) => Promise<unknown>) => void = () => undefined;
    let leave: (reason: Error) => void = () => undefined;
    const turn = new Promise<Parameters<typeof begin>[0]>((resolve, reject) => {
      begin = resolve;
      leave = reject;
    });
    const abandoned = new Error('it was abandoned before its turn');
    const done = transaction(bulk, { begin: `begin; ${LARGE}`, end: 'commit' }, async (sql) => {
      const found = await before(sql);
      return (await turn)(sql, found);
    }).finally(() => ahead--);
    // what goes wrong before its turn is told when that has come
    done.catch(() => undefined);
    return {
      run: async <T>(datamartId: string, work: (sql: PostgresSql, found: B) => Promise<T>) => {
        begin(async (sql, found) => {
          await sql.query(locksOfMerge(datamartId));
          await recoverBeforeMerge(sql);
          return work(sql, found);
        });
        return (await done) as T;
      },
      abandon: async () => {
        turn.catch(() => undefined);
        leave(abandoned);
        await done.catch(() => undefined);
      },
    };
  }

  return {
    smallConnections,
    read: (work) => tracked(() => untilDone(() => withReader(work))),
    write: (work) =>
      inTurn(() => transaction(small, { begin: `begin; ${SMALL}; select ${write}`, end: 'commit' }, work)),
    writeAlone: (work) =>
      transaction(
        bulk,
        { begin: `begin; ${LARGE}; select ${lock(LOCK.MERGES)}`, end: 'commit' },
        // small transactions wait from here on, and not while workers are asked
        recovered(async (sql) => {
          await sql.query(`select ${write}`);
          return work(sql);
        }),
      ),
    atOneMoment: (work) =>
      transaction(
        bulk,
        { begin: `begin isolation level repeatable read, read only; ${LARGE}`, end: 'rollback' },
        work,
      ),
    merge: (datamartId, work, purpose = 'APPLY') =>
      transaction(
        bulk,
        {
          begin: `begin; ${LARGE}; ${locksOfMerge(datamartId)}`,
          end: purpose === 'APPLY' ? 'commit' : 'rollback',
        },
        recovered(work),
      ),
    mergeAhead,
    mergeAlone: (work) =>
      transaction(
        bulk,
        { begin: `begin; ${LARGE}; select ${lock(LOCK.MERGES)}`, end: 'commit' },
        recovered(work),
      ),
    readPromptly: (work, ms) =>
      tracked(() => promptly((signal) => untilDone(() => withReader(work, signal), signal), ms)),
    ping: () =>
      tracked(() =>
        promptly((signal) =>
          withClient(
            small,
            async (client) => void (await client.query('select count(*) from schema_version')),
            signal,
          ).catch((fault: unknown) => {
            throw hasLostItsConnection(fault) ? unreachable(fault) : fault;
          }),
        ),
      ),
    apart: (work) => transaction(bulk, { begin: `begin; ${LARGE}`, end: 'commit' }, work),
    close: async () => {
      const orderly = async () => {
        await lastWrite;
        isClosed = true;
        await Promise.allSettled(underWay);
        await Promise.all([small.end(), bulk.end()]);
      };
      // what a database that hangs has under way is as if the process had been killed
      const closed = new AbortController();
      const late = sleep(CLOSE_MS, undefined, { signal: closed.signal }).catch(() => undefined);
      await Promise.race([orderly(), late]).finally(() => closed.abort());
      isClosed = true;
    },
  };
}

/**
 * `work` on memberships of which nobody else changes any, and of which all that was committed is
 * seen.
 */
function recovered<T>(work: (sql: PostgresSql) => Promise<T>) {
  return async (sql: PostgresSql): Promise<T> => {
    await recoverBeforeMerge(sql);
    return work(sql);
  };
}

function lock(which: number): string {
  return `pg_advisory_xact_lock(${LOCK_SPACE}, ${which})`;
}

function sharedLock(which: number): string {
  return `pg_advisory_xact_lock_shared(${LOCK_SPACE}, ${which})`;
}

/** The lock of one of many things. Ids beyond 2^44 would meet others; there are no such ids. */
function lockOf(which: number, id: string): string {
  return `pg_advisory_xact_lock((${LOCK_SPACE}::bigint << 48) | (${which}::bigint << 44) | ${BigInt(id) & 0xfff_ffff_ffffn})`;
}

/**
 * The number of a transaction that has written something. On a Citus cluster one that has written
 * at workers alone has none by itself, and is given one.
 */
const NUMBER = `case when to_regclass('pg_dist_partition') is null then pg_current_xact_id_if_assigned()
  else pg_current_xact_id() end`;

/**
 * One transaction. Whether it was committed is not known when the connection is lost at its end;
 * then PostgreSQL is asked by its number, and it is done again only when it was not.
 */
async function runTransaction<T>(
  of: {
    readonly pool: Pool;
    readonly small: Pool;
    readonly events: Pick<Events, 'emit'> | null;
    readonly begin: string;
    readonly end: 'commit' | 'rollback';
  },
  work: (sql: PostgresSql) => Promise<T>,
): Promise<T> {
  let result: { readonly of: T; publish(): void } | null = null;
  let number: string | null = null;
  try {
    await withClient(of.pool, async (client) => {
      await client.query(of.begin);
      try {
        const { sql, publish } = collectEvents(asSql(client, of.small), of.events);
        const done = await work(sql);
        if (of.end === 'commit') {
          const { rows } = await client.query(`select ${NUMBER}::text as number`);
          number = rows[0]?.number ?? null;
        }
        result = { of: done, publish };
        await client.query(of.end);
      } catch (fault) {
        // on a lost connection it is rolled back by itself
        await client.query('rollback').catch(() => undefined);
        throw fault;
      }
    });
  } catch (fault) {
    if (result === null || !hasLostItsConnection(fault)) throw fault;
    // what has written nothing has no number, and is as good as committed
    if (number !== null && !(await wasCommitted(of.small, number))) throw fault;
  }
  const ended = result as unknown as { readonly of: T; publish(): void };
  if (of.end === 'commit') ended.publish();
  return ended.of;
}

/** How long PostgreSQL may take to come back before it is not known what it has committed. */
const RECOVERY_MS = 120_000;

async function wasCommitted(pool: Pool, number: string): Promise<boolean> {
  const until = performance.now() + RECOVERY_MS;
  for (;;) {
    try {
      const { rows } = await pool.query('select pg_xact_status($1::text::xid8) as status', [number]);
      const status = rows[0]?.status;
      if (status !== 'in progress') return status === 'committed';
    } catch (fault) {
      // a number that it does not know: it was lost with the server that gave it
      if ((fault as { code?: string }).code === '22023') return false;
      if (!hasLostItsConnection(fault) || performance.now() > until) throw fault;
    }
    await sleep(250);
  }
}
