import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, type PoolClient, type PoolConfig } from 'pg';
import type { Events } from '../../events.ts';
import type { Database } from '../records/database.ts';
import { LOCK_MERGES, LOCK_WRITE, lockMerge } from './advisory-locks.ts';
import { recoverBeforeMerge } from './citus.ts';
import { promptly, unreachable, withClient } from './connections.ts';
import { hasLostItsConnection, isConflict, isLockTimeout, isRefused } from './faults.ts';
import { MergeAhead } from './merge-ahead.ts';
import { type PostgresSql, PROPAGATE, type ReadingSql, readingSqls } from './postgres-sql.ts';
import { runTransaction } from './transaction.ts';

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

type Work<T> = (sql: PostgresSql) => Promise<T>;

/** One PostgreSQL, or the coordinator of a Citus cluster, and its transactions. */
export class PostgresDatabase implements Database {
  /** Connections for what does not take long; the others are for merges and their like. */
  readonly smallConnections: number;
  readonly #largeConnections: number;
  readonly #small: Pool;
  readonly #large: Pool;
  readonly #reading: (client: PoolClient) => ReadingSql;
  readonly #patienceMs: number;
  readonly #events: Pick<Events, 'emit'> | null;
  readonly #underWay = new Set<Promise<unknown>>();
  #lastWrite: Promise<unknown> = Promise.resolve();
  /** Merges that wait for their turn hold a connection each; two are left to those that do not. */
  #ahead = 0;
  #isClosed = false;

  constructor({ url, connections, patienceMs, events = null }: PostgresOptions) {
    this.#largeConnections = Math.max(2, Math.ceil(connections / 3));
    this.smallConnections = Math.max(2, connections - this.#largeConnections);
    this.#small = poolOf(url, {
      max: this.smallConnections,
      pipeline: true,
      maxLifetimeSeconds: CONNECTION_SECONDS,
    });
    this.#large = poolOf(url, { max: this.#largeConnections });
    this.#reading = readingSqls(this.#small);
    this.#patienceMs = patienceMs;
    this.#events = events;
  }

  /** As of every store. */
  read<T>(work: (sql: ReadingSql) => Promise<T>): Promise<T> {
    return this.#tracked(() => this.#untilDone(() => this.#withReader(work)));
  }

  /**
   * Reads for somebody who waits for the answer: after two seconds, or `ms`, it is given up,
   * however far it is, and the connection with it, since a database that hangs does not say so.
   * Rejects with `StoreUnreachableError`.
   */
  readPromptly<T>(work: (sql: ReadingSql) => Promise<T>, ms?: number): Promise<T> {
    return this.#tracked(() =>
      promptly((signal) => this.#untilDone(() => this.#withReader(work, signal), signal), ms),
    );
  }

  /** Reads at one moment. */
  atOneMoment<T>(work: Work<T>): Promise<T> {
    const begin = `begin isolation level repeatable read, read only; ${LARGE}`;
    return this.#transact({ pool: this.#large, begin, end: 'rollback' }, work);
  }

  /** Resolves when the database answers now, promptly; it is not tried again. */
  async ping(): Promise<void> {
    const ask = (client: PoolClient) => client.query('select count(*) from schema_version');
    await this.#tracked(() =>
      promptly((signal) =>
        withClient(this.#small, ask, signal).catch((fault: unknown) => {
          throw hasLostItsConnection(fault) ? unreachable(fault) : fault;
        }),
      ),
    );
  }

  /**
   * As of every store. Those of this node wait for each other here, and not with a connection each,
   * which reads would miss.
   */
  write<T>(work: Work<T>): Promise<T> {
    const begin = `begin; ${SMALL}; ${LOCK_WRITE}`;
    const run = () => this.#transact({ pool: this.#small, begin, end: 'commit' }, work);
    const turn = this.#lastWrite.then(run, run);
    this.#lastWrite = turn.catch(() => undefined);
    return turn;
  }

  /** As of every store; on one connection, like all transactions here. */
  writeAlone<T>(work: Work<T>): Promise<T> {
    return this.mergeAlone(async (sql) => {
      // small transactions wait from here on, and not while workers are asked
      await sql.query(LOCK_WRITE);
      return work(sql);
    });
  }

  /**
   * A transaction that changes memberships of a datamart, in which no other does so: beside small
   * ones. With `purpose` COUNT it is rolled back.
   */
  merge<T>(datamartId: string, work: Work<T>, purpose: 'APPLY' | 'COUNT' = 'APPLY'): Promise<T> {
    const end = purpose === 'APPLY' ? 'commit' : 'rollback';
    const begin = `begin; ${LARGE}; ${lockMerge(datamartId)}`;
    return this.#transact({ pool: this.#large, begin, end }, recovered(work));
  }

  /**
   * A merge that begins before its turn: `before`, which changes no memberships, runs now, beside
   * other merges. Null when too few connections would be left for these.
   */
  mergeAhead<B>(before: Work<B>): MergeAhead<B> | null {
    if (this.#isClosed || this.#ahead >= this.#largeConnections - 2) return null;
    this.#ahead++;
    return new MergeAhead((work) => this.apart(work).finally(() => this.#ahead--), before);
  }

  /** A transaction that changes memberships of any datamart, in which nothing else does so. */
  mergeAlone<T>(work: Work<T>): Promise<T> {
    const begin = `begin; ${LARGE}; ${LOCK_MERGES}`;
    return this.#transact({ pool: this.#large, begin, end: 'commit' }, recovered(work));
  }

  /** A transaction that changes what no other touches, and takes as long as it takes. */
  apart<T>(work: Work<T>): Promise<T> {
    return this.#transact({ pool: this.#large, begin: `begin; ${LARGE}`, end: 'commit' }, work);
  }

  /** Waits for what is under way and closes the connections. */
  async close(): Promise<void> {
    // what a database that hangs has under way is as if the process had been killed
    const closed = new AbortController();
    const late = sleep(CLOSE_MS, undefined, { signal: closed.signal }).catch(() => undefined);
    await Promise.race([this.#closeInOrder(), late]).finally(() => closed.abort());
    this.#isClosed = true;
  }

  async #closeInOrder(): Promise<void> {
    await this.#lastWrite;
    this.#isClosed = true;
    await Promise.allSettled(this.#underWay);
    await Promise.all([this.#small.end(), this.#large.end()]);
  }

  #transact<T>(
    of: { readonly pool: Pool; readonly begin: string; readonly end: 'commit' | 'rollback' },
    work: Work<T>,
  ): Promise<T> {
    const how = { ...of, small: this.#small, events: this.#events };
    return this.#tracked(() => this.#untilDone(() => runTransaction(how, work)));
  }

  /**
   * What `work` asks before it waits for anything leaves as one packet: on one machine a write
   * costs as much as a small query.
   */
  #withReader<T>(work: (sql: ReadingSql) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return withClient(
      this.#small,
      (client) => {
        const { stream } = client.connection;
        stream.cork();
        try {
          return work(this.#reading(client));
        } finally {
          stream.uncork();
        }
      },
      signal,
    );
  }

  #tracked<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new Error('the store is closed'));
    const run = work();
    this.#underWay.add(run);
    const forget = () => this.#underWay.delete(run);
    run.then(forget, forget);
    return run;
  }

  /**
   * Tries again what a lost connection or a conflict has kept from being done, until there is no
   * patience left.
   */
  async #untilDone<T>(attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    let until: number | undefined;
    for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, 2_000)) {
      try {
        return await attempt();
      } catch (fault) {
        if (isLockTimeout(fault) || isRefused(fault)) throw unreachable(fault);
        const isLost = hasLostItsConnection(fault);
        if ((!isLost && !isConflict(fault)) || signal?.aborted) throw fault;
        until ??= performance.now() + this.#patienceMs;
        if (this.#isClosed || performance.now() + waitMs > until) throw unreachable(fault);
        await sleep(waitMs);
      }
    }
  }
}

/** What look-ups need of it. */
export type LookUpDatabase = Pick<PostgresDatabase, 'readPromptly' | 'merge'>;

function poolOf(url: string, of: PoolConfig): Pool {
  const pool = new Pool({
    ...of,
    connectionString: url,
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
}

/**
 * `work` on memberships of which nobody else changes any, and of which all that was committed is
 * seen.
 */
function recovered<T>(work: Work<T>): Work<T> {
  return async (sql) => {
    await recoverBeforeMerge(sql);
    return work(sql);
  };
}
