import { commandsOf, type EndedStatus, type Execution, hasEnded } from './execution.ts';
import { countsOf, durationOf, errorOf } from './execution-counts.ts';
import { type Event, PING } from './webhook.ts';

/** A failure is told up to this length, so that a body stays small whatever a fault says. */
const MOST_MESSAGE = 1000;

const EVENT_OF: Readonly<Record<EndedStatus, Event>> = {
  SUCCEEDED: 'execution.succeeded',
  FAILED: 'execution.failed',
  CANCELED: 'execution.canceled',
};

/** The event that the end of an execution is. */
export function eventOf({ status }: Execution): Event {
  if (!hasEnded(status)) throw new Error(`an execution that is ${status} has not ended`);
  return EVENT_OF[status];
}

/**
 * What is sent of an execution that has ended: ids, counts and times, under 8 KB. Nothing of a user is in it, and neither is the
 * name of the file, which the sender chose.
 */
export function executionBody(of: Execution): string {
  const error = errorOf(of);
  return body(eventOf(of), of.endDate ?? of.creationDate, {
    datamart_id: of.datamartId,
    ...(of.job.type === 'DOCUMENT_IMPORT'
      ? { document_import_id: of.job.documentImportId }
      : { segment_id: of.job.segmentId }),
    execution_id: of.id,
    execution_path: pathOf(of),
    job_type: of.reverts === null ? of.job.type : 'REVERT',
    ...(of.reverts === null ? {} : { reverts_execution_id: of.reverts }),
    dry_run: of.options.dryRun,
    status: of.status,
    creation_date: of.creationDate,
    start_date: of.startDate,
    end_date: of.endDate,
    duration: durationOf(of),
    num_tasks: commandsOf(of.checkpoint),
    erroneous_tasks: of.checkpoint.failures,
    result: countsOf(of),
    error: error === null ? null : { message: error.message.slice(0, MOST_MESSAGE) },
  });
}

/** What a test delivery says. */
export function pingBody(of: {
  readonly webhookId: string;
  readonly datamartId: string;
  readonly now: number;
}): string {
  return body(PING, of.now, { datamart_id: of.datamartId, webhook_id: of.webhookId });
}

function body(type: string, at: number, data: object): string {
  return JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
}

function pathOf({ id, datamartId, job }: Execution): string {
  const owner =
    job.type === 'DOCUMENT_IMPORT'
      ? `document_imports/${job.documentImportId}/executions`
      : `audience_segments/${job.segmentId}/user_list_imports`;
  return `/v1/datamarts/${datamartId}/${owner}/${id}`;
}
