import { invalidateCatalogue } from '../records/catalogue-version.ts';
import type { Sql } from '../records/database.ts';
import type { RecordVersions } from '../records/keep-records.ts';
import type { LookUpDatabase, PostgresDatabase } from './postgres-database.ts';
import type { ReadingSql } from './postgres-sql.ts';

/**
 * What the nodes tell each other by: a number that each write of the small records makes another.
 */
export function recordVersions(db: Pick<PostgresDatabase, 'read'>): RecordVersions {
  return { read: () => db.read(readVersion), next };
}

async function readVersion(sql: ReadingSql): Promise<string> {
  const [row] = await sql.prepared('select version from record_version', []);
  return String(row?.version);
}

/**
 * `db` whose first read asks for the version too, in the round trip of its first statement, and
 * after it: so what that finds is of the records of this version, or older ones. `tell` is told of
 * it.
 */
export function askingVersion(db: LookUpDatabase, tell: (version: string) => void): LookUpDatabase {
  let isTold = false;
  const along =
    <T>(work: (sql: ReadingSql) => Promise<T>) =>
    async (sql: ReadingSql): Promise<T> => {
      if (isTold) return work(sql);
      const result = work(sql);
      const version = readVersion(sql).then((read) => {
        isTold = true;
        tell(read);
      });
      const [done] = await Promise.all([result, version]);
      return done;
    };
  return {
    readPromptly: (work, ms) => db.readPromptly(along(work), ms),
    merge: (datamartId, work) => db.merge(datamartId, work),
  };
}

async function next(sql: Sql): Promise<void> {
  await sql.query('update record_version set version = version + 1');
}

/** Has every staged chunk of a datamart staged again, on whichever node. */
export async function outdateCatalogue(sql: Sql, datamartId: string): Promise<void> {
  await invalidateCatalogue(sql, datamartId);
  await next(sql);
}
