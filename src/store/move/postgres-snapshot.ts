import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { attachText } from '../duckdb/attach.ts';
import { readSnapshot } from '../duckdb/snapshot.ts';
import type { PostgresDatabase } from '../postgres/postgres-database.ts';
import type { Scratch } from '../postgres/scratch.ts';
import { openConnection } from '../staging/duckdb-connection.ts';
import type { StoreSnapshot } from '../store.ts';
import { exportTo } from './move-store.ts';

/**
 * `Store.snapshot` for a store on PostgreSQL: an embedded store with what it has at one moment. So
 * a backup is the same whichever store it is of, and is restored to an embedded one, which can be
 * imported again.
 */
export async function takePostgresSnapshot(
  db: PostgresDatabase,
  scratch: Scratch,
  now: number,
): Promise<StoreSnapshot> {
  const kept = await scratch.keepFolder();
  try {
    const file = path.join(kept.folder, 'muster.duckdb');
    await db.atOneMoment((postgres) =>
      exportTo(postgres, scratch, { file, now, onMoved: () => undefined, verify: false }),
    );
    const name = `snapshot_${randomUUID().replaceAll('-', '')}`;
    const { sql, close } = await openConnection(scratch.instance, 'memory');
    await sql.query(attachText(file, name));
    await sql.query(`use ${name}`);
    let isAttached = true;
    const detach = async () => {
      if (!isAttached) return;
      isAttached = false;
      await sql.query('use memory');
      await sql.query(`detach ${name}`);
    };
    return await readSnapshot(sql, {
      folder: kept.folder,
      file,
      finish: async () => {
        await sql.query(`checkpoint ${name}`);
        await detach();
      },
      discard: async () => {
        await detach().finally(close);
        await kept.remove();
      },
    });
  } catch (error) {
    await kept.remove();
    throw error;
  }
}
