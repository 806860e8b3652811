import { distribute } from './distribute.ts';
import { migrate, readVersions, type Versions } from './migrate.ts';
import { PostgresDatabase } from './postgres-database.ts';

const CONNECTIONS = 4;
const PATIENCE_MS = 20_000;

/**
 * Brings the schema of a PostgreSQL to this version, and distributes it where that is asked for;
 * resolves to what it was before.
 */
export async function preparePostgresStore(of: {
  readonly url: string;
  readonly citus: boolean;
  readonly now: number;
}): Promise<Versions> {
  const db = new PostgresDatabase({ url: of.url, connections: CONNECTIONS, patienceMs: PATIENCE_MS });
  try {
    const before = await readVersions(db);
    await migrate(db, of.now);
    if (of.citus) await distribute(db);
    return before;
  } finally {
    await db.close();
  }
}
