import { nextDue } from './due-times.ts';
import { commandsOf, type EndedStatus, type Execution, hasEnded } from './execution.ts';
import { countsOf, durationOf, errorOf } from './execution-counts.ts';
import type { Expectation } from './expectation.ts';
import {
  type DueEvent,
  type DueRecord,
  type ExpectedFile,
  type ExpectingImport,
  type FileProblem,
  usualCommands,
} from './expected-files.ts';
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

const PROBLEM_EVENT: Readonly<Record<FileProblem, Event>> = {
  UNUSUAL_SIZE: 'execution.unusual_size',
  MANY_FAILURES: 'execution.many_failures',
};

/** The event that a problem of a file is. */
export function problemEvent(problem: FileProblem): Event {
  return PROBLEM_EVENT[problem];
}

/**
 * What is sent of an execution that has ended: ids, counts and times, under 8 KB. Nothing of a user
 * is in it, and neither is the name of the file, which the sender chose.
 */
export function executionBody(of: Execution): string {
  return body(eventOf(of), of.endDate ?? of.creationDate, executionData(of));
}

/**
 * What is sent of a file that is not as expected: what is sent of its end, and what was expected.
 */
export function problemBody(
  of: Execution,
  problem: FileProblem,
  expected: { readonly expect: Expectation; readonly before: readonly ExpectedFile[] },
): string {
  const { minCommands, maxChange, maxFailureRatio } = expected.expect;
  return body(problemEvent(problem), of.endDate ?? of.creationDate, {
    ...executionData(of),
    expected: {
      ...{ min_commands: minCommands, max_change: maxChange, max_failure_ratio: maxFailureRatio },
      usual_commands: usualCommands(expected.before),
    },
  });
}

/**
 * What is sent of a due time: of the one that has just passed, or of the one before it, whose file
 * never came.
 */
export function dueBody(
  event: DueEvent,
  { documentImport }: Pick<ExpectingImport, 'documentImport'>,
  of: {
    readonly before: DueRecord;
    readonly after: DueRecord;
    readonly last: ExpectedFile | null;
    readonly now: number;
  },
): string {
  const { before, after, last } = of;
  const passed = after.dueTs ?? of.now;
  return body(event, of.now, {
    datamart_id: documentImport.datamartId,
    document_import_id: documentImport.id,
    document_import_name: documentImport.name,
    due_ts: event === 'document_import.late' ? passed : before.dueTs,
    next_due_ts: nextDue(documentImport.expect, passed),
    missed: after.missed,
    last_execution_id: last?.executionId ?? null,
    last_end_date: last?.endTs ?? null,
  });
}

function executionData(of: Execution) {
  const error = errorOf(of);
  return {
    datamart_id: of.datamartId,
    ...(of.job.type === 'DOCUMENT_IMPORT'
      ? { document_import_id: of.job.documentImportId }
      : { segment_id: of.job.segmentId }),
    execution_id: of.id,
    execution_path: pathOf(of),
    job_type: of.reverts === null ? of.job.type : 'REVERT',
    ...(of.reverts === null ? {} : { reverts_execution_id: of.reverts }),
    ...(of.corrects === null ? {} : { corrects_execution_id: of.corrects, repaired: of.repaired }),
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
  };
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
