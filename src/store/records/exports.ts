import { EXPORT_FIELDS, PENDING_EXPORT } from '../../model/export.ts';
import type { ExportRecords } from '../job-records.ts';
import { noteChange } from './audit-log.ts';
import { type Database, literal, type Sql } from './database.ts';
import { segmentJobs } from './segment-jobs.ts';
import { tableOf } from './table.ts';

const table = tableOf('segment_export', EXPORT_FIELDS);

export function exportRecords(db: Database): ExportRecords {
  return {
    create: (wanted, author) =>
      db.write(async (sql) => {
        const [segment] = await sql.query(`select id from segment where id = ${literal(wanted.segmentId)}`);
        if (!segment) return null;
        const created = await table.insert(sql, { ...wanted, ...PENDING_EXPORT });
        const { id, datamartId, segmentId } = created;
        sql.emit('EXPORT_DUE', id);
        const details = { segment_id: segmentId, mime_type: created.mimeType };
        await noteChange(sql, author, {
          ...{ action: 'EXPORT', resourceType: 'segment_export', resourceId: id, datamartId, details },
        });
        return created;
      }),

    get: (id) => db.read((sql) => table.get(sql, id)),

    ...segmentJobs(db, 'segment_export', table),

    finish: (id, { now, ...ending }) =>
      db.write(async (sql) => {
        const before = await table.get(sql, id);
        if (before?.status !== 'RUNNING') return false;
        await table.update(sql, id, { ...ending, endDate: now });
        return true;
      }),

    forgetFiles: (of) =>
      db.write(async (sql) => {
        if ('endedBefore' in of) return forgetFiles(sql, `end_date < ${literal(of.endedBefore)}`);
        const which = `datamart_id = ${literal(of.datamartId)}`;
        const again = await sql.query(
          `update segment_export set status = 'PENDING', start_date = null where ${which} and status = 'RUNNING' returning id`,
        );
        for (const { id } of again) sql.emit('EXPORT_DUE', String(id));
        return forgetFiles(sql, which);
      }),
  };
}

/**
 * Removes the exports of a segment; resolves to the folders of their files. For the transaction
 * that removes it.
 */
export async function removeExports(sql: Sql, segmentId: string): Promise<readonly string[]> {
  const which = `segment_id = ${literal(segmentId)}`;
  const folders = await forgetFiles(sql, which);
  await sql.query(`delete from segment_export where ${which}`);
  return folders;
}

/** Files that nobody can have any more, by the folders that are then to be removed. */
async function forgetFiles(sql: Sql, which: string): Promise<readonly string[]> {
  const rows = await sql.query(`select folder from segment_export where ${which} and folder is not null`);
  await sql.query(
    `update segment_export set folder = null, bytes = null where ${which} and folder is not null`,
  );
  return rows.map((row) => String(row.folder));
}
