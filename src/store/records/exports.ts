import type { ExecutionStatus } from '../../model/execution.ts';
import type { Export, ExportCounts, ExportedKind, ExportMimeType } from '../../model/export.ts';
import type { ExportRecords } from '../job-records.ts';
import { noteChange } from './audit-log.ts';
import { type Database, literal, numberOrNull, type Row, type Sql, textOrNull } from './database.ts';
import { segmentJobs } from './segment-jobs.ts';

export function exportRecords(db: Database): ExportRecords {
  return {
    create: (wanted, author) =>
      db.write(async (sql) => {
        const [segment] = await sql.query(`select id from segment where id = ${literal(wanted.segmentId)}`);
        if (!segment) return null;
        const [row] = await sql.query(
          `insert into segment_export (id, organisation_id, datamart_id, segment_id, mime_type, kinds, user_id, status, creation_date)
           values (nextval('segment_export_id'), ${literal(wanted.organisationId)}, ${literal(wanted.datamartId)},
             ${literal(wanted.segmentId)}, $1, $2, $3, 'PENDING', ${literal(wanted.creationDate)})
           returning *`,
          [wanted.mimeType, JSON.stringify(wanted.kinds), wanted.userId],
        );
        const created = toExport(row as Row);
        const { id, datamartId, segmentId } = created;
        sql.emit('EXPORT_DUE', id);
        const details = { segment_id: segmentId, mime_type: created.mimeType };
        await noteChange(sql, author, {
          ...{ action: 'EXPORT', resourceType: 'segment_export', resourceId: id, datamartId, details },
        });
        return created;
      }),

    get: (id) => db.read((sql) => getExport(sql, id)),

    ...segmentJobs(db, { table: 'segment_export', toJob: toExport }),

    finish: (id, { status, failure, folder, bytes, counts, now }) =>
      db.write(async (sql) => {
        const rows = await sql.query(
          `update segment_export set status = $1, failure = $2, folder = $3, counts = $4, end_date = ${literal(now)},
             bytes = ${bytes === null ? 'null' : literal(bytes)}
           where id = ${literal(id)} and status = 'RUNNING' returning id`,
          [status, failure, folder, counts === null ? null : JSON.stringify(counts)],
        );
        return rows.length > 0;
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

async function getExport(sql: Sql, id: string): Promise<Export | null> {
  const [row] = await sql.query(`select * from segment_export where id = ${literal(id)}`);
  return row ? toExport(row) : null;
}

function toExport(row: Row): Export {
  const counts = textOrNull(row.counts);
  return {
    id: String(row.id),
    organisationId: String(row.organisation_id),
    datamartId: String(row.datamart_id),
    segmentId: String(row.segment_id),
    mimeType: String(row.mime_type) as ExportMimeType,
    kinds: JSON.parse(String(row.kinds)) as readonly ExportedKind[],
    userId: textOrNull(row.user_id),
    status: String(row.status) as ExecutionStatus,
    creationDate: Number(row.creation_date),
    startDate: numberOrNull(row.start_date),
    endDate: numberOrNull(row.end_date),
    failure: textOrNull(row.failure),
    folder: textOrNull(row.folder),
    bytes: numberOrNull(row.bytes),
    counts: counts === null ? null : (JSON.parse(counts) as ExportCounts),
  };
}
