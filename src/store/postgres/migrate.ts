import { readdirSync, readFileSync } from 'node:fs';
import { StoreUnusableError } from '../../errors.ts';
import { insertFirstRecords } from '../records/first-records.ts';
import { OLDEST_POSTGRES_SCHEMA, requireReleased } from '../schema-version.ts';
import { distributeAdded } from './distribute.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import type { PostgresSql } from './postgres-sql.ts';

const FOLDER = new URL('./migrations/', import.meta.url);
/**
 * In a migration: the oldest version whose nodes go on working when it is done. By default its own:
 * they have to be stopped first.
 */
const COMPATIBLE = /^-- compatible with nodes of version (\d+)/m;

export type Versions = {
  /** 0: there is no schema. */
  readonly current: number;
  /** What a node must know at least to work with it. */
  readonly oldestCompatible: number;
  readonly newest: number;
};

/**
 * Brings the schema to this version, each migration in a transaction of its own, and distributes
 * what it adds where the rest is distributed. Nodes that start together do it once.
 */
export async function migrate(db: PostgresDatabase, now: number): Promise<void> {
  const { current, newest } = await readVersions(db);
  // a crash may have come between the last migration and this
  if (current >= newest) return distributeAdded(db);
  for (const file of migrations()) {
    if (current >= versionOf(file)) continue;
    await db.writeAlone(async (sql) => {
      await sql.query(
        `create table if not exists schema_version (
           version integer primary key, applied_ts bigint not null, oldest_compatible integer not null)`,
      );
      const [done] = await sql.query(`select 1 from schema_version where version = ${versionOf(file)}`);
      if (!done) await apply(sql, file, now);
    });
  }
  await distributeAdded(db);
}

/**
 * Sees to it that this node can work with the store. A schema that is not there or is older is
 * brought to this version where the role may; a newer one is used when it says that this version
 * can.
 */
export async function prepare(db: PostgresDatabase, now: number): Promise<void> {
  const { current, oldestCompatible, newest } = await readVersions(db);
  if (current > newest && oldestCompatible > newest)
    throw new StoreUnusableError(
      `the store has schema version ${current}, this Muster knows ${newest}: it was written by a newer Muster`,
    );
  if (current >= newest) return;
  try {
    await migrate(db, now);
  } catch (cause) {
    if ((cause as { code?: string }).code !== '42501') throw cause;
    throw new StoreUnusableError(
      `the store has schema version ${current}, this Muster needs ${newest}, and its role may not change it: run "muster migrate" with one that may`,
      { cause },
    );
  }
}

/**
 * The version of the store and those that this Muster knows; a store from before the first release
 * is refused.
 */
export async function readVersions(db: PostgresDatabase): Promise<Versions> {
  const newest = versionOf(migrations().at(-1) ?? '');
  return db.read(async (sql) => {
    const [table] = await sql.query(`select to_regclass('schema_version') is not null as is_there`);
    if (!table?.is_there) return { current: 0, oldestCompatible: 0, newest };
    const [row] = await sql.query(
      'select version, oldest_compatible from schema_version order by version desc limit 1',
    );
    const current = Number(row?.version ?? 0);
    requireReleased(current, OLDEST_POSTGRES_SCHEMA);
    return {
      current,
      oldestCompatible: Number(row?.oldest_compatible ?? 0),
      newest,
    };
  });
}

function migrations(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.sql'))
    .sort();
}

async function apply(sql: PostgresSql, file: string, now: number): Promise<void> {
  const text = readFileSync(new URL(file, FOLDER), 'utf8');
  const version = versionOf(file);
  const compatible = Number(COMPATIBLE.exec(text)?.[1] ?? version);
  await sql.query('insert into schema_version values ($1, $2, $3)', [version, now, compatible]);
  await sql.query(text);
  if (version !== OLDEST_POSTGRES_SCHEMA) return;
  await insertFirstRecords(sql, now);
  await sql.query('insert into change_log values ($1)', [now]);
}

function versionOf(file: string): number {
  return Number(file.slice(0, 3));
}
