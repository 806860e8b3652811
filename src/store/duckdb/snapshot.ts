import { randomUUID } from 'node:crypto';
import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDBInstance } from '@duckdb/node-api';
import { literal, type Sql } from '../records/database.ts';
import { listExecutionsAfter } from '../records/execution-rows.ts';
import { openConnection } from '../staging/duckdb-connection.ts';
import type { StoreSnapshot } from '../store.ts';
import { attachText } from './attach.ts';

/**
 * Where snapshots lie while they are read: a folder in that of the store, emptied when the store is
 * opened.
 */
const FOLDER = 'snapshots';

/** Removes what a process left that was killed during a backup. */
export async function sweepSnapshots(dir: string): Promise<void> {
  await rm(path.join(dir, FOLDER), { recursive: true, force: true });
}

/**
 * `Store.snapshot` for the embedded store: another database file, written by one statement, which
 * sees one moment. Merges go on beside it, and look-ups. Rows keep their order, keys stay
 * uncompressed and row groups as small as they are, so that a store that is made of the file is as
 * quick. Copying the file itself took a third of the time, and nothing could be written meanwhile,
 * which uploads feel (docs/internals/backup.md).
 */
export async function takeSnapshot(
  instance: DuckDBInstance,
  { dir, database }: { readonly dir: string; readonly database: string },
): Promise<StoreSnapshot> {
  const id = randomUUID();
  const folder = path.join(dir, FOLDER, id);
  const name = `snapshot_${id.replaceAll('-', '')}`;
  const file = path.join(folder, 'muster.duckdb');
  await mkdir(folder, { recursive: true });
  const { sql, close } = await openConnection(instance, database);
  let isAttached = false;

  const detach = async () => {
    if (isAttached) await sql.query(`use memory`).then(() => sql.query(`detach ${name}`));
    isAttached = false;
  };
  const discard = async () => {
    await detach().finally(close);
    await rm(folder, { recursive: true, force: true });
  };

  try {
    await sql.query(attachText(file, name));
    isAttached = true;
    await sql.query(`copy from database ${database} to ${name}`);
    // their files are not in it, and what it is restored to makes its own
    await sql.query(`delete from ${name}.serving_run`);
    // out of its log, so that its size is known
    await sql.query(`checkpoint ${name}`);
    await sql.query(`use ${name}`);
    return await readSnapshot(sql, {
      ...{ folder, file, discard },
      finish: async () => {
        await sql.query(`checkpoint ${name}`);
        await detach();
      },
    });
  } catch (error) {
    await discard();
    throw error;
  }
}

/** A snapshot that is a database file of an embedded store; `sql` is a connection that uses it. */
export async function readSnapshot(
  sql: Sql,
  of: Pick<StoreSnapshot, 'folder' | 'file' | 'finish' | 'discard'>,
): Promise<StoreSnapshot> {
  const [version] = await sql.query('select max(version) as version from schema_version');
  return {
    ...of,
    schemaVersion: Number(version?.version),
    keptBytes: () => countKeptBytes(sql, of.file),
    listExecutionsAfter: (id) => listExecutionsAfter(sql, id),
    noteFilesRemoved: async (executionId, now) => {
      await sql.query(
        `update execution set files_removed_date = ${literal(now)} where id = ${literal(executionId)}`,
      );
    },
  };
}

async function countKeptBytes(sql: Sql, file: string): Promise<number> {
  const [kept] = await sql.query(
    `select coalesce(sum(e.document_bytes + c.error_file_bytes), 0) as bytes
     from execution e join execution_checkpoint c on c.execution_id = e.id where e.files_removed_date is null`,
  );
  return Number(kept?.bytes) + (await stat(file)).size;
}
