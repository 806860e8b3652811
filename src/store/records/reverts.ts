import { type Execution, hasEnded } from '../../model/execution.ts';
import type { ExecutionRecords, RevertRefusal } from '../execution-records.ts';
import { noteChange } from './audit-log.ts';
import { literal, type Sql } from './database.ts';
import { getExecution } from './execution-rows.ts';

type Asked = Parameters<ExecutionRecords['revert']>[1];

/**
 * `ExecutionRecords.revert`: the new execution, and the old one's reference to it, in one
 * transaction.
 */
export async function createRevert(
  sql: Sql,
  id: string,
  asked: Asked,
): Promise<Execution | RevertRefusal | null> {
  const revertible = await findRevertible(sql, id);
  if (revertible === null || typeof revertible === 'string') return revertible;
  const { execution: reverted, changes } = revertible;
  const revertId = await insertRevert(sql, reverted, { ...asked, changes });
  const { datamartId } = reverted;
  await noteChange(sql, asked.author, {
    ...{ action: 'REVERT', resourceType: 'execution', resourceId: id, datamartId },
    details: { by: revertId },
  });
  return getExecution(sql, revertId);
}

/** An execution that can be reverted, with the number of its changes; else why not. */
export async function findRevertible(
  sql: Sql,
  id: string,
): Promise<{ readonly execution: Execution; readonly changes: number } | RevertRefusal | null> {
  const execution = await getExecution(sql, id);
  if (!execution) return null;
  const changes = await countChanges(sql, id);
  const before = execution.revertedBy === null ? null : await getExecution(sql, execution.revertedBy);
  return refuse(execution, { changes, before }) ?? { execution, changes };
}

/** `before`: the last execution that reverted it. */
function refuse(
  of: Execution,
  { changes, before }: { changes: number; before: Execution | null },
): RevertRefusal | null {
  if (!hasEnded(of.status)) return 'NOT_ENDED';
  if (of.options.dryRun) return 'NOTHING_CHANGED';
  const { effects } = of.checkpoint;
  const changed =
    effects.membershipsCreated +
    effects.membershipsUpdated +
    effects.membershipsDeleted +
    effects.membershipsLeft;
  if (changed === 0) return 'NOTHING_CHANGED';
  if (changes === 0) return 'FORGOTTEN';
  // one that was stopped half way may be followed by another
  return before !== null && (before.status === 'SUCCEEDED' || !hasEnded(before.status)) ? 'REVERTED' : null;
}

async function countChanges(sql: Sql, executionId: string): Promise<number> {
  const [row] = await sql.query(
    `select count(*) as changes from membership_change where execution_id = ${literal(executionId)}`,
  );
  return Number(row?.changes);
}

/**
 * It has no file: its document is the number of changes that go back, so that its progress is told
 * like any other's.
 */
async function insertRevert(
  sql: Sql,
  reverted: Execution,
  { folder, userId, now, changes }: Asked & { changes: number },
): Promise<string> {
  const [row] = await sql.query(
    `insert into execution (id, job_type, document_import_id, segment_id, organisation_id, datamart_id, mime_type, priority,
       user_id, status, creation_date, cancel_requested, document_folder, document_name, document_bytes, document_sha256,
       files_removed_date, lease_until, reverts_execution_id)
     select nextval('execution_id'), job_type, document_import_id, segment_id, organisation_id, datamart_id, mime_type,
       priority, $1, 'PENDING', ${literal(now)}, false, $2, document_name, ${literal(changes)}, '', ${literal(now)}, 0, id
     from execution where id = ${literal(reverted.id)} returning id`,
    [userId, folder],
  );
  const id = String(row?.id);
  sql.emit('EXECUTION_CREATED', id);
  await sql.query(
    `insert into execution_checkpoint (execution_id, next_offset, line, successes, failures, failures_by_code, pairs,
       memberships_created, memberships_updated, memberships_deleted, unchanged, superseded, user_points_created,
       error_file_bytes)
     values (${literal(id)}, 0, 0, 0, 0, '{}', 0, 0, 0, 0, 0, 0, 0, 0)`,
  );
  await sql.query(
    `update execution set reverted_by_execution_id = ${literal(id)} where id = ${literal(reverted.id)}`,
  );
  return id;
}
