import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { erasureRecords } from '../records/erasures.ts';
import { executionRecords } from '../records/executions.ts';
import type { StoreToCheck } from '../store.ts';
import { attachReadOnlyText, whyNotAttached } from './attach.ts';
import { checkContent } from './check/check-content.ts';
import { openDuckDbDatabase } from './duckdb-database.ts';
import { requireThisVersion } from './migrate.ts';
import { segmentSizes } from './segment-sizes.ts';

export type DuckDbCheckOptions = {
  readonly dir: string;
  readonly memoryBytes: number;
  readonly threads: number;
};

const DATABASE = 'muster';

/**
 * Opens the embedded store read-only: neither migrated, nor are executions taken up. It must be of
 * this version.
 */
export async function openDuckDbStoreToCheck({
  dir,
  memoryBytes,
  threads,
}: DuckDbCheckOptions): Promise<StoreToCheck> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: `${Math.floor(memoryBytes / 1024)}KiB`,
    temp_directory: path.join(dir, 'spill'),
  });
  const setup = await instance.connect();
  try {
    await setup.run(attachReadOnlyText(path.join(dir, 'muster.duckdb'), DATABASE));
    setup.closeSync();
  } catch (error) {
    setup.closeSync();
    instance.closeSync();
    throw whyNotAttached(error, dir);
  }
  // what is lost meanwhile is an error of the check that met it
  const db = await openDuckDbDatabase(instance, { name: DATABASE, onLost: () => undefined });
  const close = async () => {
    await db.close();
    instance.closeSync();
  };
  try {
    await requireThisVersion(db);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    checkContent: (now) =>
      checkContent(instance, {
        database: DATABASE,
        now,
        tell: segmentSizes(db).at,
        dir,
        keepingRuns: (work) => work(),
      }),
    executions: executionRecords(
      db,
      () => 0,
      async () => {},
    ),
    erasures: erasureRecords(db, async () => {}),
    close,
  };
}
