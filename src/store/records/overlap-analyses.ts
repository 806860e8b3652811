import type { ExecutionStatus } from '../../model/execution.ts';
import type { OverlapAnalysis } from '../../model/overlap-analysis.ts';
import type { OverlapAnalysisRecords } from '../job-records.ts';
import { noteChange } from './audit-log.ts';
import { type Database, literal, numberOrNull, type Row, type Sql, textOrNull } from './database.ts';
import { segmentJobs } from './segment-jobs.ts';

/** All but the result, which can be long. */
const COLUMNS =
  'id, organisation_id, datamart_id, segment_id, user_id, status, creation_date, start_date, end_date, failure';

export function overlapAnalysisRecords(db: Database): OverlapAnalysisRecords {
  return {
    create: (wanted, author) =>
      db.write(async (sql) => {
        const [segment] = await sql.query(`select id from segment where id = ${literal(wanted.segmentId)}`);
        if (!segment) return null;
        const [row] = await sql.query(
          `insert into overlap_analysis (id, organisation_id, datamart_id, segment_id, user_id, status, creation_date)
           values (nextval('overlap_analysis_id'), ${literal(wanted.organisationId)}, ${literal(wanted.datamartId)},
             ${literal(wanted.segmentId)}, $1, 'PENDING', ${literal(wanted.creationDate)})
           returning ${COLUMNS}`,
          [wanted.userId],
        );
        const created = toAnalysis(row as Row);
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
        return row ? { ...toAnalysis(row), result: textOrNull(row.result) } : null;
      }),

    ...segmentJobs(db, { table: 'overlap_analysis', columns: COLUMNS, toJob: toAnalysis }),

    finish: (id, { status, failure, result, now }) =>
      db.write(async (sql) => {
        const rows = await sql.query(
          `update overlap_analysis set status = $1, failure = $2, result = $3, end_date = ${literal(now)},
             bytes = ${result === null ? 'null' : literal(Buffer.byteLength(result))}
           where id = ${literal(id)} and status = 'RUNNING' returning id`,
          [status, failure, result],
        );
        return rows.length > 0;
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

function toAnalysis(row: Row): OverlapAnalysis {
  return {
    id: String(row.id),
    organisationId: String(row.organisation_id),
    datamartId: String(row.datamart_id),
    segmentId: String(row.segment_id),
    userId: textOrNull(row.user_id),
    status: String(row.status) as ExecutionStatus,
    creationDate: Number(row.creation_date),
    startDate: numberOrNull(row.start_date),
    endDate: numberOrNull(row.end_date),
    failure: textOrNull(row.failure),
  };
}
