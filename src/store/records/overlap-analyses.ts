import { PENDING_JOB, SEGMENT_JOB_FIELDS } from '../../model/segment-job.ts';
import type { OverlapAnalysisRecords } from '../job-records.ts';
import { noteChange } from './audit-log.ts';
import { type Database, literal, type Sql, textOrNull } from './database.ts';
import { segmentJobs } from './segment-jobs.ts';
import { tableOf } from './table.ts';

/** All but the result, which can be long. */
const table = tableOf('overlap_analysis', SEGMENT_JOB_FIELDS);

export function overlapAnalysisRecords(db: Database): OverlapAnalysisRecords {
  return {
    create: (wanted, author) =>
      db.write(async (sql) => {
        const [segment] = await sql.query(`select id from segment where id = ${literal(wanted.segmentId)}`);
        if (!segment) return null;
        const created = await table.insert(sql, { ...wanted, ...PENDING_JOB });
        const { id, datamartId, segmentId } = created;
        sql.emit('OVERLAP_ANALYSIS_DUE', id);
        const details = { segment_id: segmentId };
        await noteChange(sql, author, {
          ...{ action: 'CREATE', resourceType: 'overlap_analysis', resourceId: id, datamartId, details },
        });
        return created;
      }),

    get: (id) =>
      db.read(async (sql) => {
        const [row] = await sql.query(`select * from overlap_analysis where id = ${literal(id)}`);
        return row ? { ...table.read(row), result: textOrNull(row.result) } : null;
      }),

    ...segmentJobs(db, 'overlap_analysis', table),

    finish: (id, { status, failure, result, now }) =>
      db.write(async (sql) => {
        const before = await table.get(sql, id);
        if (before?.status !== 'RUNNING') return false;
        const bytes = result === null ? null : Buffer.byteLength(result);
        await table.update(sql, id, { status, failure, endDate: now }, { result, bytes });
        return true;
      }),

    removeBefore: (instant) =>
      db.write(async (sql) => {
        const rows = await sql.query(
          `delete from overlap_analysis where end_date < ${literal(Math.trunc(instant))} returning id`,
        );
        return rows.length;
      }),
  };
}

/** Removes the analyses of a segment; for the transaction that removes it. */
export async function removeOverlapAnalyses(sql: Sql, segmentId: string): Promise<void> {
  await sql.query(`delete from overlap_analysis where segment_id = ${literal(segmentId)}`);
}
