import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { type ApiExecution, type ApiWarning, hasEnded } from '../api.ts';
import type { Client } from '../client.ts';
import type { ExitCode } from '../command.ts';
import { exitCodeOf } from '../executions.ts';
import { ApiError, describe, EmptyFileError } from '../failures.ts';
import { shown } from '../files/name.ts';
import { followExecution } from '../follow.ts';
import { revertExecution } from '../revert.ts';
import { commandAbout, type Place } from '../same-service.ts';
import { type Ask, confirmReplacement } from './confirm.ts';
import { type FailedLine, firstFailedLines } from './failed-lines.ts';
import { openProgress, SILENT } from './progress.ts';
import { canPass } from './retry.ts';
import { type Format, openSource, type Source } from './source.ts';
import { type Destination, openTarget, upload } from './target.ts';
import { listUnknownSegments, type UnknownSegments } from './unknown-segments.ts';
import { listWarnings } from './warnings.ts';

/** An execution that has failed lines, and the file it is of. */
export type Failed = {
  readonly client: Client;
  /** Of the executions among which it is found. */
  readonly path: string;
  readonly execution: ApiExecution;
  /** Of its error file. */
  readonly uri: string;
  readonly input: { readonly source: Source; readonly format: Format };
};

export type ImportOptions = {
  readonly destination: Destination;
  /** Stay until the execution has ended, or only until the file is received. */
  readonly until: 'ended' | 'received';
  /** What is done with an execution that ended otherwise than SUCCEEDED. */
  readonly onFailure?: 'keep' | 'revert';
  /** Saves the failed lines; resolves to where they are. */
  readonly saveErrors: (failed: Failed) => Promise<Buffer>;
  readonly signal: AbortSignal;
  /** Whether a bar is seen in a terminal; it is, without it. */
  readonly progress?: 'shown' | 'hidden';
  /** Asks before segments are replaced; null: nobody is asked. */
  readonly ask?: Ask | null;
  /** Under which the file is sent; one of its own without it. */
  readonly idempotencyKey?: string;
  /** What the file is called in messages; its path without it. */
  readonly shownAs?: string;
};

/** How the import of one file came out. */
export type Outcome = {
  readonly file: string;
  readonly exitCode: ExitCode;
  readonly target: (Place & { readonly label: string }) | null;
  readonly execution: ApiExecution | null;
  readonly errorFile: string | null;
  /** Examples of what is odd about the file; absent: none. */
  readonly warnings?: readonly ApiWarning[];
  /** The names of segments that were not there; absent: none. */
  readonly unknownSegments?: UnknownSegments;
  /** Of the error file, for people to see what it is about. */
  readonly firstFailures: readonly FailedLine[];
  /** Why it did not work, or what went wrong beside it. */
  readonly error: { readonly text: string; readonly code: string | null } | null;
  /** Whether it did not work for a reason that passes: the same file may do later. */
  readonly passes: boolean;
};

const NOT_CONFIRMED = { text: 'nothing was replaced, because the replacement was not confirmed', code: null };

/** How many failed lines a summary shows. */
export const FIRST_FAILURES = 3;

const NOTHING: Omit<Outcome, 'file'> = {
  ...{ exitCode: 1, target: null, execution: null, errorFile: null },
  ...{ firstFailures: [], error: null, passes: false },
};

/** The outcome of a file that is not sent at all. */
export function refused(file: string, error: { readonly text: string; readonly code: string }): Outcome {
  return { ...NOTHING, file, error };
}

/**
 * Imports one file over the public API. Never throws what a user can cause: that is in the outcome.
 */
export async function importFile(
  client: Client,
  file: string | Buffer,
  options: ImportOptions,
): Promise<Outcome> {
  let source: Source | null = null;
  const outcome: Outcome = { ...NOTHING, file: options.shownAs ?? shown(file) };
  try {
    source = await openSource(file, options.signal);
    return await importSource(client, source, { options, outcome });
  } catch (error) {
    return failed(outcome, error, options.signal);
  } finally {
    await source?.close();
  }
}

async function importSource(
  client: Client,
  source: Source,
  { options, outcome: before }: { readonly options: ImportOptions; readonly outcome: Outcome },
): Promise<Outcome> {
  const { signal } = options;
  let outcome = before;
  const target = await openTarget(client, options.destination, source);
  const input = { source, format: target.format };
  const { connection } = client;
  const shownTarget = { path: target.path, label: target.label, connection };
  const confirmed = options.ask
    ? await confirmReplacement(client, target, { file: source, ask: options.ask, signal })
    : 'GO';
  if (confirmed === 'DECLINED') return { ...outcome, error: NOT_CONFIRMED };
  if (confirmed !== 'GO') {
    const refusedAs = { target: shownTarget, execution: confirmed.refusedAs };
    return conclude(client, { ...outcome, ...refusedAs }, input, options);
  }
  const progress = options.progress === 'hidden' ? SILENT : openProgress(source.name, source.bytes);
  let changed: string | null = null;
  try {
    const sent = await upload(client, target, {
      signal,
      onSent: progress.sent,
      idempotencyKey: options.idempotencyKey ?? randomUUID(),
    });
    changed = await source.changed();
    outcome = { ...outcome, target: shownTarget, execution: sent };
    if (options.until === 'received') return warned({ ...outcome, exitCode: 0 }, changed);
    const execution = await followExecution(client, {
      first: sent,
      path: target.path,
      onLook: progress.applying,
      signal,
    });
    outcome = { ...outcome, execution };
  } catch (error) {
    return failed(outcome, error, signal);
  } finally {
    progress.close();
  }
  const concluded = await conclude(client, outcome, input, options);
  const reverted = options.onFailure === 'revert' ? await revertFailed(client, concluded, signal) : concluded;
  return warned(reverted, changed);
}

function failed(outcome: Outcome, error: unknown, signal: AbortSignal): Outcome {
  return { ...outcome, error: errorOf(error, signal), passes: canPass(error) };
}

/** An outcome of which it must be told too that the file was not what was sent. */
function warned(outcome: Outcome, changed: string | null): Outcome {
  if (changed === null) return outcome;
  const text = outcome.error === null ? changed : `${outcome.error.text}; ${changed}`;
  return { ...outcome, exitCode: 1, error: { text, code: outcome.error?.code ?? 'FILE_CHANGED' } };
}

/** Judges an execution, and fetches its error file. */
async function conclude(
  client: Client,
  outcome: Outcome,
  input: Failed['input'],
  { saveErrors }: ImportOptions,
): Promise<Outcome> {
  const { execution, target } = outcome;
  if (execution === null || target === null || !hasEnded(execution)) {
    return {
      ...outcome,
      error: { text: 'stopped waiting; the execution continues in the service', code: null },
      passes: true,
    };
  }
  const uri = execution.result?.error_file_uri;
  const warnings = await listWarnings(client, { path: target.path, execution });
  const unknownSegments = await listUnknownSegments(client, { path: target.path, execution });
  const judged = {
    ...outcome,
    ...{ exitCode: exitCodeOf(execution), error: endError(execution), warnings, unknownSegments },
  };
  if (!uri) return judged;
  try {
    const file = await saveErrors({ client, path: target.path, execution, uri, input });
    const isFile = (await lstat(file)).isFile();
    const firstFailures = isFile ? await firstFailedLines(createReadStream(file), FIRST_FAILURES) : [];
    return { ...judged, errorFile: shown(file).replace(/^\.[/\\]/, ''), firstFailures };
  } catch (error) {
    const text = `the error file could not be saved: ${describe(error)}; get it with: ${commandAbout('errors', execution.id, target)} -o FILE`;
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

function endError({ status, error }: ApiExecution): Outcome['error'] {
  if (status === 'SUCCEEDED') return null;
  const reason = error === null ? '' : `: ${error.message}`;
  return { text: `the execution ${status === 'CANCELED' ? 'was canceled' : 'failed'}${reason}`, code: null };
}

function errorOf(error: unknown, signal: AbortSignal): Outcome['error'] {
  if (signal.aborted) return { text: 'interrupted while sending; nothing was imported', code: null };
  if (error instanceof ApiError) return { text: error.message, code: error.code };
  return { text: describe(error), code: error instanceof EmptyFileError ? error.code : null };
}
