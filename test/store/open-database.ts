import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { type DuckDbDatabase, openDuckDbDatabase } from '../../src/store/duckdb/duckdb-database.ts';
import { migrate } from '../../src/store/duckdb/migrate.ts';

/** The schema of the embedded store in memory, with nothing in it. */
export async function openDatabase(t: TestContext): Promise<DuckDbDatabase> {
  const instance = await DuckDBInstance.create(':memory:');
  const setup = await instance.connect();
  await setup.run(`attach ':memory:' as muster`);
  setup.closeSync();
  const db = await openDuckDbDatabase(instance, { name: 'muster', onLost: () => assert.fail('lost') });
  t.after(async () => {
    await db.close();
    instance.closeSync();
  });
  await migrate(db, 0);
  return db;
}
