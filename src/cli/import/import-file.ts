import { randomUUID } from 'node:crypto';
import { type ApiExecution, type ApiWarning, hasEnded } from '../api.ts';
import type { Client } from '../client.ts';
import type { ExitCode } from '../command.ts';
import { ApiError, describe } from '../failures.ts';
import { followExecution } from '../follow.ts';
import { revertExecution } from '../revert.ts';
import { type Ask, confirmReplacement } from './confirm.ts';
import { saveErrorFile } from './error-file.ts';
import { openProgress } from './progress.ts';
import { canPass } from './retry.ts';
import { type Format, inspectFile, type Source } from './source.ts';
import { type Destination, openTarget, upload } from './target.ts';
import { listWarnings } from './warnings.ts';

export type ImportOptions = {
  readonly destination: Destination;
  /** Stay until the execution has ended, or only until the file is received. */
  readonly until: 'ended' | 'received';
  /** What is done with an execution that ended otherwise than SUCCEEDED. */
  readonly onFailure?: 'keep' | 'revert';
  readonly signal: AbortSignal;
  /** Asks before segments are replaced; null: nobody is asked. */
  readonly ask?: Ask | null;
  /** Under which the file is sent; one of its own without it. */
  readonly idempotencyKey?: string;
};

/** How the import of one file came out. */
export type Outcome = {
  readonly file: string;
  readonly exitCode: ExitCode;
  readonly target: { readonly path: string; readonly label: string } | null;
  readonly execution: ApiExecution | null;
  readonly errorFile: string | null;
  /** Examples of what is odd about the file; absent: none. */
  readonly warnings?: readonly ApiWarning[];
  /** Why it did not work, or what went wrong beside it. */
  readonly error: { readonly text: string; readonly code: string | null } | null;
  /** Whether it did not work for a reason that passes: the same file may do later. */
  readonly passes: boolean;
};

const NOT_CONFIRMED = { text: 'not replaced: that was not confirmed', code: null };

/** Imports one file over the public API. Never throws what a user can cause: that is in the outcome. */
export async function importFile(client: Client, file: string, options: ImportOptions): Promise<Outcome> {
  let outcome: Outcome = {
    ...{ file, exitCode: 1, target: null, execution: null, errorFile: null, error: null, passes: false },
  };
  try {
    const source = await inspectFile(file);
    const target = await openTarget(client, options.destination, source);
    const { signal } = options;
    const confirmed = options.ask
      ? await confirmReplacement(client, target, { file: source, ask: options.ask, signal })
      : 'GO';
    if (confirmed === 'DECLINED') return { ...outcome, error: NOT_CONFIRMED };
    if (confirmed !== 'GO') {
      const refused = { target: { path: target.path, label: target.label }, execution: confirmed.refusedAs };
      return await conclude(client, { ...outcome, ...refused }, { source, format: target.format });
    }
    const progress = openProgress(source.name, source.bytes);
    try {
      const sent = await upload(client, target, {
        signal: options.signal,
        onSent: progress.sent,
        idempotencyKey: options.idempotencyKey ?? randomUUID(),
      });
      outcome = { ...outcome, target: { path: target.path, label: target.label }, execution: sent };
      if (options.until === 'received') return { ...outcome, exitCode: 0 };
      const execution = await followExecution(client, {
        first: sent,
        path: target.path,
        onLook: progress.applying,
        signal: options.signal,
      });
      outcome = { ...outcome, execution };
    } finally {
      progress.close();
    }
    const concluded = await conclude(client, outcome, { source, format: target.format });
    return options.onFailure === 'revert' ? await revertFailed(client, concluded, options.signal) : concluded;
  } catch (error) {
    return { ...outcome, error: errorOf(error, options.signal), passes: canPass(error) };
  }
}

/** Judges an execution, and fetches its error file. */
async function conclude(
  client: Client,
  outcome: Outcome,
  input: { source: Source; format: Format },
): Promise<Outcome> {
  const { execution, target } = outcome;
  if (execution === null || !hasEnded(execution)) {
    return {
      ...outcome,
      error: { text: 'stopped waiting; the execution goes on in the service', code: null },
      passes: true,
    };
  }
  const uri = execution.result?.error_file_uri;
  const warnings = target === null ? [] : await listWarnings(client, { path: target.path, execution });
  const judged = { ...outcome, exitCode: exitCodeOf(execution), error: endError(execution), warnings };
  if (!uri) return judged;
  try {
    return { ...judged, errorFile: await saveErrorFile(client, uri, input) };
  } catch (error) {
    const text = `the error file could not be saved: ${describe(error)}; it is still at ${uri}`;
    return { ...judged, error: { text, code: null } };
  }
}

/** Takes back what an execution has done that failed or was canceled. */
async function revertFailed(client: Client, outcome: Outcome, signal: AbortSignal): Promise<Outcome> {
  const { execution, target, error } = outcome;
  const hasFailed = execution?.status === 'FAILED' || execution?.status === 'CANCELED';
  if (!hasFailed || target === null) return outcome;
  const text = await revertExecution(client, { path: target.path, id: execution.id, signal }).then(
    (revert) =>
      revert.status === 'SUCCEEDED'
        ? `reverted by execution ${revert.id}`
        : `revert ${revert.id} is ${revert.status}`,
    (reason: unknown) => `not reverted: ${describe(reason)}`,
  );
  return { ...outcome, error: { code: error?.code ?? null, text: `${error?.text ?? ''}; ${text}` } };
}

function exitCodeOf(execution: ApiExecution): ExitCode {
  if (execution.status !== 'SUCCEEDED') return 1;
  return (execution.erroneous_tasks ?? 0) > 0 ? 2 : 0;
}

function endError({ status, error }: ApiExecution): Outcome['error'] {
  if (status === 'SUCCEEDED') return null;
  const reason = error === null ? '' : `: ${error.message}`;
  return { text: `the execution ${status === 'CANCELED' ? 'was canceled' : 'failed'}${reason}`, code: null };
}

function errorOf(error: unknown, signal: AbortSignal): Outcome['error'] {
  if (signal.aborted) return { text: 'interrupted while sending; nothing of the file is kept', code: null };
  if (error instanceof ApiError) return { text: error.message, code: error.code };
  return { text: describe(error), code: null };
}
