import { lockMerge } from './advisory-locks.ts';
import { recoverBeforeMerge } from './citus.ts';
import type { PostgresSql } from './postgres-sql.ts';

type Rest<B> = (sql: PostgresSql, before: B) => Promise<unknown>;

/** A merge whose turn has not come yet. Either `run` or `abandon` has to be called, once. */
export class MergeAhead<B> {
  readonly #done: Promise<unknown>;
  #begin: (rest: Rest<B>) => void = () => undefined;
  #leave: (reason: Error) => void = () => undefined;

  /** Begins the transaction, and does `before` in it. */
  constructor(
    transact: (work: (sql: PostgresSql) => Promise<unknown>) => Promise<unknown>,
    before: (sql: PostgresSql) => Promise<B>,
  ) {
    const turn = new Promise<Rest<B>>((resolve, reject) => {
      this.#begin = resolve;
      this.#leave = reject;
    });
    this.#done = transact(async (sql) => {
      const found = await before(sql);
      return (await turn)(sql, found);
    });
    // what goes wrong before its turn is told when that has come
    turn.catch(() => undefined);
    this.#done.catch(() => undefined);
  }

  /**
   * Goes on as `PostgresDatabase.merge` does, with what `before` came to. Both are done again where
   * the connection is lost.
   */
  async run<T>(datamartId: string, work: (sql: PostgresSql, before: B) => Promise<T>): Promise<T> {
    this.#begin(async (sql, before) => {
      await sql.query(lockMerge(datamartId));
      await recoverBeforeMerge(sql);
      return work(sql, before);
    });
    return (await this.#done) as T;
  }

  /** Rolls it back. */
  async abandon(): Promise<void> {
    this.#leave(new Error('it was abandoned before its turn'));
    await this.#done.catch(() => undefined);
  }
}
