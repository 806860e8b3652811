import { StoreUnusableError } from '../../errors.ts';
import { isDistributed } from './citus.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import { statement } from './staged-pairs.ts';

/** Distributes the schema over a Citus cluster. Says so where there is none. */
export async function distribute(db: PostgresDatabase): Promise<void> {
  const [citus] = await db.read((sql) =>
    sql.query(
      `select (select installed_version from pg_available_extensions where name = 'citus') as installed,
         exists (select 1 from pg_available_extensions where name = 'citus') as is_available`,
    ),
  );
  if (!citus?.is_available)
    throw new StoreUnusableError(
      'this PostgreSQL has no Citus: expected the extension citus on the coordinator and on every worker (https://docs.citusdata.com); the schema is as it was, and works undistributed',
    );
  if (citus.installed === null)
    throw new StoreUnusableError(
      'the extension citus is there and not created in this database: run "create extension citus" as a superuser, add the workers with citus_add_node, then run this again',
    );
  await distributeTables(db);
}

/**
 * Distributes what a migration has added to a schema that is distributed; does nothing to any
 * other.
 */
export async function distributeAdded(db: PostgresDatabase): Promise<void> {
  if (await db.read(isDistributed)) await distributeTables(db);
}

async function distributeTables(db: PostgresDatabase): Promise<void> {
  // each of its statements is a transaction of its own on the shards, and may take long where there
  // are rows already
  await db.apart((sql) => sql.query(statement('distribute')));
}
