import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Events } from '../../events.ts';
import { collectEvents } from '../records/database.ts';
import { withClient } from './connections.ts';
import { hasLostItsConnection } from './faults.ts';
import { asSql, type PostgresSql } from './postgres-sql.ts';

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
export async function runTransaction<T>(
  of: {
    readonly pool: Pool;
    /** Other connections, for what is asked beside the transaction. */
    readonly small: Pool;
    /** Told of what is committed. */
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
