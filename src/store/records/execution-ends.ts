import type { Author } from '../../model/audit.ts';
import { type Execution, hasEnded } from '../../model/execution.ts';
import { eventOf, executionBody } from '../../model/webhook-body.ts';
import type { ExecutionRecords } from '../execution-records.ts';
import { noteChange } from './audit-log.ts';
import { storeCheckpoint } from './checkpoints.ts';
import { literal, parameters, type Sql } from './database.ts';
import { changeOf } from './execution-creation.ts';
import { EXECUTIONS, getExecution, toExecution } from './execution-rows.ts';
import { problemEvents } from './expected-files.ts';
import { insertDeliveries, type KnownWebhooks, newDelivery } from './webhook-rows.ts';

/** Told of executions that end, in the transaction that ends them and after it has written that. */
export type NoteEnds = (sql: Sql, executionIds: readonly string[]) => Promise<void>;

/**
 * Makes a delivery for each webhook that is to be told of an end. `known.any` is set before a
 * webhook is written, and small transactions come one after the other: so none is overlooked, and
 * one query says whom it concerns.
 */
export function executionEnds(known: KnownWebhooks): NoteEnds {
  return async (sql, executionIds) => {
    if (!known.any || executionIds.length === 0) return;
    const ids = executionIds.map(literal).join(', ');
    const concerned = await sql.query(
      `select e.id as execution_id, w.id as webhook_id, w.events
       from execution e join webhook w on w.datamart_id = e.datamart_id
       where e.id in (${ids}) and w.enabled
         and (w.document_import_id is null or w.document_import_id = e.document_import_id)
       order by e.id, w.id`,
    );
    if (concerned.length === 0) return;
    const rows = await sql.query(`${EXECUTIONS} where e.id in (${ids})`);
    const ended = new Map(rows.map((row) => [String(row.id), toExecution(row)]));
    const problems = await problemEvents(sql, ended.values());
    const given = parameters();
    const deliveries = concerned.flatMap((row) => {
      const execution = ended.get(String(row.execution_id));
      if (execution === undefined) return [];
      const wanted = JSON.parse(String(row.events)) as string[];
      const webhookId = String(row.webhook_id);
      const at = execution.endDate ?? execution.creationDate;
      const events = [
        { event: eventOf(execution), body: executionBody(execution) },
        ...(problems.get(execution.id) ?? []),
      ];
      return events
        .filter(({ event }) => wanted.includes(event))
        .map(({ event, body }) =>
          newDelivery({ webhookId, executionId: execution.id, event, body: given.add(body), at }),
        );
    });
    if (deliveries.length > 0) await insertDeliveries(sql, deliveries, given.values);
  };
}

/** `ExecutionRecords.finish`. */
export async function finishExecution(
  sql: Sql,
  of: Parameters<ExecutionRecords['finish']>[0],
  noteEnds: NoteEnds,
): Promise<boolean> {
  const { id, worker, status, failure, checkpoint, segmentsCreated, repaired = null, now } = of;
  const rows = await sql.query(
    `update execution set status = $3, failure = $4, end_date = cast($5 as bigint), worker = null, lease_until = 0,
       segments_created = coalesce(cast($6 as text), segments_created),
       repaired_lines = ${repaired === null ? 'null' : literal(repaired)}
     where id = cast($1 as bigint) and worker = $2 and status = 'RUNNING' returning id`,
    [id, worker, status, failure, now, segmentsCreated ? JSON.stringify(segmentsCreated) : null],
  );
  if (rows.length > 0 && checkpoint !== undefined) await storeCheckpoint(sql, id, checkpoint);
  if (rows.length > 0) await noteEnds(sql, [id]);
  sql.emit('EXECUTION_CHANGED', id);
  return rows.length > 0;
}

/** `ExecutionRecords.cancel`. */
export async function cancelExecution(
  sql: Sql,
  { id, now, author }: { readonly id: string; readonly now: number; readonly author: Author | undefined },
  noteEnds: NoteEnds,
): Promise<Execution | 'ENDED' | null> {
  const execution = await getExecution(sql, id);
  if (!execution) return null;
  if (hasEnded(execution.status)) return 'ENDED';
  await sql.query('update execution set cancel_requested = true where id = cast($1 as bigint)', [id]);
  sql.emit('CANCEL_REQUESTED', id);
  sql.emit('EXECUTION_CHANGED', id);
  if (execution.status === 'PENDING') {
    await sql.query(
      `update execution set status = 'CANCELED', end_date = cast($2 as bigint) where id = cast($1 as bigint)`,
      [id, now],
    );
    await noteEnds(sql, [id]);
  }
  await noteChange(sql, author, { ...changeOf(execution), action: 'CANCEL' });
  return getExecution(sql, id);
}

/** Ends the PENDING executions of an import or a segment that is about to be removed with them. */
export async function cancelPending(
  sql: Sql,
  of: { readonly owner: 'document_import_id' | 'segment_id'; readonly id: string; readonly now: number },
  noteEnds: NoteEnds,
): Promise<void> {
  const canceled = await sql.query(
    `update execution set status = 'CANCELED', end_date = ${literal(of.now)}
     where ${of.owner} = ${literal(of.id)} and status = 'PENDING' returning id`,
  );
  const ids = canceled.map(({ id }) => String(id));
  for (const id of ids) sql.emit('EXECUTION_CHANGED', id);
  await noteEnds(sql, ids);
}
