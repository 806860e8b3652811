import type { Author } from '../../model/audit.ts';
import type { CreatedSegment } from '../../model/execution.ts';
import { IMPORTED_SEGMENT, type NewSegment } from '../../model/segment.ts';
import type { SegmentRecords } from '../catalogue-records.ts';
import type { Row, Sql } from './database.ts';
import { toCreatedSegments } from './execution-rows.ts';

type Insert = (
  sql: Sql,
  segment: NewSegment,
  author: Author,
) => Promise<{ id: string } | 'TECHNICAL_NAME_TAKEN'>;

/**
 * `SegmentRecords.createMissing`, in the transaction of `sql`; `insert` makes one segment, if its
 * name is free.
 */
export async function createMissingSegments(
  sql: Sql,
  { executionId, worker, technicalNames, now }: Parameters<SegmentRecords['createMissing']>[0],
  insert: Insert,
): Promise<boolean> {
  const [execution] = await sql.query(
    `select organisation_id, datamart_id, user_id, segments_created from execution
     where id = cast($1 as bigint) and worker = $2 and status = 'RUNNING'`,
    [executionId, worker],
  );
  if (execution === undefined) return false;
  const author = await authorOf(sql, executionId, { execution, now });
  const created = new Map<string, CreatedSegment>(
    toCreatedSegments(execution.segments_created).map((segment) => [segment.technicalName, segment]),
  );
  for (const technicalName of technicalNames) {
    const segment = await insert(sql, newSegment(execution, technicalName, now), author);
    // somebody else has made it meanwhile
    if (segment === 'TECHNICAL_NAME_TAKEN') continue;
    created.set(technicalName, { segmentId: segment.id, technicalName });
  }
  await sql.query('update execution set segments_created = $2 where id = cast($1 as bigint)', [
    executionId,
    JSON.stringify([...created.values()]),
  ]);
  return true;
}

function newSegment(execution: Row, technicalName: string, now: number): NewSegment {
  return {
    organisationId: String(execution.organisation_id),
    datamartId: String(execution.datamart_id),
    ...IMPORTED_SEGMENT,
    name: technicalName,
    technicalName,
    now,
  };
}

/** Who sent the file: as the audit log has them, or when that has forgotten it, the service. */
async function authorOf(
  sql: Sql,
  executionId: string,
  { execution, now }: { execution: Row; now: number },
): Promise<Author> {
  const [upload] = await sql.query(
    `select token_id, token_name, request_id from audit_log
     where resource_type = 'execution' and resource_id = $1 and action = 'UPLOAD' limit 1`,
    [executionId],
  );
  const tokenId = execution.user_id === null ? null : String(execution.user_id);
  if (upload === undefined) return { tokenId, tokenName: 'service', requestId: null, at: now };
  return {
    tokenId,
    tokenName: String(upload.token_name),
    requestId: upload.request_id === null ? null : String(upload.request_id),
    at: now,
  };
}
