import { readdirSync, readFileSync } from 'node:fs';
import { StoreUnusableError } from '../../errors.ts';
import { passFaultPoint } from '../../fault-points.ts';
import type { Sql } from '../records/database.ts';
import { insertFirstRecords } from '../records/first-records.ts';
import { OLDEST_EMBEDDED_SCHEMA, requireReleased } from '../schema-version.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';

const FOLDER = new URL('./migrations/', import.meta.url);

/**
 * Brings the schema to this version: each missing migration in a transaction of its own, with its
 * number in it. Forward only; a store of a newer version is refused, and one from before the first
 * release.
 */
export async function migrate(db: DuckDbDatabase, now: number): Promise<void> {
  await db.write((sql) =>
    sql.query(
      'create table if not exists schema_version (version integer not null, applied_ts bigint not null)',
    ),
  );
  const { current, files } = await readVersions(db);
  // by number, not by place: numbers may have gaps
  for (const file of files.filter((each) => versionOf(each) > current)) {
    await db.write((sql) => apply(sql, file, now));
    passFaultPoint('migration-after-commit');
  }
}

/** Throws for a store that is not of this version; nothing is changed. */
export async function requireThisVersion(db: DuckDbDatabase): Promise<void> {
  const { current, newest } = await readVersions(db);
  if (current === newest) return;
  throw new StoreUnusableError(
    `the store has schema version ${current}, this Muster ${newest}: start it with "muster serve" once, which upgrades it`,
  );
}

/**
 * The version of the store, the one that this Muster knows, and the migrations; a store that it
 * cannot bring to this version is refused.
 */
async function readVersions(
  db: DuckDbDatabase,
): Promise<{ current: number; newest: number; files: readonly string[] }> {
  const [row] = await db.read((sql) =>
    sql.query('select coalesce(max(version), 0) as version from schema_version'),
  );
  const current = Number(row?.version);
  const files = readdirSync(FOLDER)
    .filter((file) => file.endsWith('.sql'))
    .sort();
  requireReleased(current, OLDEST_EMBEDDED_SCHEMA);
  const newest = versionOf(files.at(-1) ?? '');
  if (current <= newest) return { current, newest, files };
  throw new Error(
    `the store has schema version ${current}, this Muster knows ${newest}: it was written by a newer Muster`,
  );
}

async function apply(sql: Sql, file: string, now: number): Promise<void> {
  const version = versionOf(file);
  await sql.query('insert into schema_version values ($1, cast($2 as bigint))', [version, now]);
  passFaultPoint('migration-begun');
  await sql.query(readFileSync(new URL(file, FOLDER), 'utf8'));
  if (version === OLDEST_EMBEDDED_SCHEMA) await insertFirstRecords(sql, now);
  passFaultPoint('migration-before-commit');
}

function versionOf(file: string): number {
  return Number(file.slice(0, 3));
}
