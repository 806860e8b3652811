import type { Checkpoint, Ending } from '../../model/execution.ts';
import { literal, parameters, type Sql } from './database.ts';

/** Stores how far an execution has come; for the transaction of a merge. */
export async function storeCheckpoint(sql: Sql, executionId: string, checkpoint: Checkpoint): Promise<void> {
  const numbers = checkpointNumbers(checkpoint);
  const set = CHECKPOINT_NUMBERS.map((column, i) => `${column} = ${literal(numbers[i] ?? 0)}`);
  await sql.query(
    `update execution_checkpoint set ${set.join(', ')}, failures_by_code = $1, segments = $2, error_parts = $3,
       warnings = $4
     where execution_id = ${literal(executionId)}`,
    [
      JSON.stringify(checkpoint.failuresByCode),
      checkpoint.segments ? JSON.stringify(checkpoint.segments) : null,
      partsText(checkpoint),
      warningsText(checkpoint),
    ],
  );
  sql.emit('EXECUTION_CHANGED', executionId);
}

/**
 * Whether a chunk may be merged now; for the transaction of a merge, which must see what it
 * answers.
 */
export async function checkMerge(
  sql: Sql,
  chunk: {
    executionId: string;
    datamartId: string;
    worker: string;
    catalogueVersion: number;
    offset: number;
  },
): Promise<'READY' | 'STALE_CATALOGUE' | 'LEASE_LOST'> {
  const [row] = await sql.query(
    `select e.worker, e.status, c.next_offset, d.catalogue_version
     from execution e join execution_checkpoint c on c.execution_id = e.id join datamart d on d.id = e.datamart_id
     where e.id = cast($1 as bigint)`,
    [chunk.executionId],
  );
  const held = row?.status === 'RUNNING' && row.worker === chunk.worker;
  if (!row || !held || Number(row.next_offset) !== chunk.offset) return 'LEASE_LOST';
  return Number(row.catalogue_version) === chunk.catalogueVersion ? 'READY' : 'STALE_CATALOGUE';
}

/**
 * Whether the documents of a group may be merged now: `checkMerge` for all of them, and none of
 * them is to leave out an erased user, which is done one by one.
 */
export async function checkGroup(
  sql: Sql,
  group: {
    executionIds: readonly string[];
    datamartId: string;
    worker: string;
    catalogueVersion: number;
  },
): Promise<boolean> {
  const ids = group.executionIds.map(literal).join(', ');
  const datamartId = literal(group.datamartId);
  const [row] = await sql.query(
    `select
       (select count(*) from execution
        where id in (${ids}) and datamart_id = ${datamartId} and status = 'RUNNING' and worker = $1) as held,
       (select count(*) from execution_checkpoint where execution_id in (${ids}) and next_offset = 0) as at_start,
       (select count(*) from erasure_execution where execution_id in (${ids})) as erasures,
       (select catalogue_version from datamart where id = ${datamartId}) as catalogue_version`,
    [group.worker],
  );
  const documents = group.executionIds.length;
  return (
    Number(row?.held) === documents &&
    Number(row?.at_start) === documents &&
    Number(row?.erasures) === 0 &&
    Number(row?.catalogue_version) === group.catalogueVersion
  );
}

/**
 * Stores the last checkpoints of executions and how they ended; for the transaction that merges a
 * group.
 */
export async function endExecutions(
  sql: Sql,
  ended: readonly (Ending & { executionId: string; checkpoint: Checkpoint; now: number })[],
): Promise<void> {
  const codes = parameters();
  const checkpoints = ended.map(
    ({ executionId, checkpoint }) =>
      `(${[executionId, ...checkpointNumbers(checkpoint)].map(literal).join(', ')}, ${codes.add(JSON.stringify(checkpoint.failuresByCode))}, cast(${codes.add(partsText(checkpoint))} as text), cast(${codes.add(warningsText(checkpoint))} as text))`,
  );
  await sql.query(
    `update execution_checkpoint set ${CHECKPOINT_NUMBERS.map((column) => `${column} = v.${column}`).join(', ')},
       failures_by_code = v.failures_by_code, error_parts = v.error_parts, warnings = v.warnings
     from (values ${checkpoints.join(', ')}) v
       (id, ${CHECKPOINT_NUMBERS.join(', ')}, failures_by_code, error_parts, warnings)
     where execution_id = v.id`,
    codes.values,
  );
  const given = parameters();
  const endings = ended.map(
    ({ executionId, status, failure, now }) =>
      `(${literal(executionId)}, ${given.add(status)}, cast(${given.add(failure)} as text), ${literal(now)})`,
  );
  await sql.query(
    `update execution set status = v.status, failure = v.failure, end_date = v.end_date, worker = null, lease_until = 0
     from (values ${endings.join(', ')}) v (id, status, failure, end_date)
     where execution.id = v.id`,
    given.values,
  );
  for (const { executionId } of ended) sql.emit('EXECUTION_CHANGED', executionId);
}

function partsText({ errorParts }: Checkpoint): string | null {
  return errorParts === undefined ? null : JSON.stringify(errorParts);
}

function warningsText({ warnings }: Checkpoint): string | null {
  return warnings === undefined ? null : JSON.stringify(warnings);
}

/** The columns of a checkpoint that are numbers, in the order of `checkpointNumbers`. */
const CHECKPOINT_NUMBERS = [
  'next_offset',
  'line',
  'successes',
  'failures',
  'not_applied',
  'pairs',
  'memberships_created',
  'memberships_updated',
  'memberships_deleted',
  'unchanged',
  'superseded',
  'user_points_created',
  'memberships_left',
  'memberships_kept',
  'error_file_bytes',
  'error_lines_omitted',
] as const;

function checkpointNumbers({ effects, ...checkpoint }: Checkpoint): readonly number[] {
  return [
    checkpoint.offset,
    checkpoint.line,
    checkpoint.successes,
    checkpoint.failures,
    checkpoint.notApplied,
    checkpoint.pairs,
    effects.membershipsCreated,
    effects.membershipsUpdated,
    effects.membershipsDeleted,
    effects.unchanged,
    effects.superseded,
    effects.userPointsCreated,
    effects.membershipsLeft,
    effects.membershipsKept,
    checkpoint.errorFileBytes,
    checkpoint.errorLinesOmitted,
  ];
}
