import type { Logger } from 'pino';
import { type Documents, type Part, wholeFile } from '../documents/documents.ts';
import { passFaultPoint } from '../fault-points.ts';
import { type FileToRedact, redactFile } from '../import/redact/redact-file.ts';
import type { Catalogue } from '../model/catalogue.ts';
import type { Sought } from '../model/erasure.ts';
import { type Execution, errorPartsOf } from '../model/execution.ts';
import type { FilesChecked } from '../store/access-records.ts';
import type { Store } from '../store/store.ts';
import { observeFault } from './background-metrics.ts';
import type { Job } from './job.ts';

export type EraserContext = {
  readonly store: Store;
  readonly documents: Documents;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly intervalMs: number;
};

/**
 * Takes the lines of users who were erased out of the files that were kept of them, in the
 * background: those of ended executions at once, those of the others when they have ended. What is
 * still to be done is in the store, so that it goes on after a crash; a file that was rewritten
 * just before one is found clean, and not counted.
 */
export function erasureJob(context: EraserContext): Job {
  const { logger, intervalMs } = context;
  return {
    name: 'erasures in files',
    wokenBy: 'USER_ERASED',
    intervalMs,
    turn: async ({ signal }) => {
      await goThroughFiles(context, signal);
      return false;
    },
    onFault: (fault) => noteFault(fault, '0', logger),
  };
}

/** One execution after the other; one whose files meet a fault is left for the next time. */
async function goThroughFiles(context: EraserContext, signal: AbortSignal): Promise<void> {
  const { store, logger, clock } = context;
  let after = '0';
  while (!signal.aborted) {
    try {
      const next = await store.erasures.nextFiles(after);
      if (next === null) return;
      after = next.executionId;
      const execution = await store.executions.get(next.executionId);
      const checked = await checkFiles({ execution, sought: next.sought }, context, signal);
      await store.erasures.noteFiles({ executionId: next.executionId, checked, now: clock() });
    } catch (fault) {
      if (signal.aborted) return;
      noteFault(fault, after, logger);
      if (after === '0') return;
    }
  }
}

function noteFault(fault: unknown, execution_id: string, logger: Logger): void {
  observeFault('erase');
  logger.error(
    { err: fault, execution_id },
    'files could not be cleared of an erased user, it is tried again',
  );
}

async function checkFiles(
  { execution, sought }: { execution: Execution | null; sought: readonly Sought[] },
  { store, documents }: EraserContext,
  signal: AbortSignal,
): Promise<FilesChecked[]> {
  const erasureIds = [...new Set(sought.map(({ erasureId }) => erasureId))];
  const files = new Map<string, number>();
  const lines = new Map<string, number>();
  const catalogue =
    execution?.filesRemovedDate === null ? await store.datamarts.catalogue(execution.datamartId) : null;
  if (execution !== null && catalogue !== null) {
    const errorParts = errorPartsOf(execution.checkpoint);
    // what does not count may name the user too
    await documents.removeOtherErrors(execution.document.folder, errorParts);
    for (const [which, parts] of [
      ['input', wholeFile('input')],
      ['errors', errorParts],
    ] as const) {
      const found = await redact({ which, parts, execution }, documents, { catalogue, sought, signal });
      if (found.size > 0) passFaultPoint('erasure-file-replaced');
      for (const [erasureId, count] of found) {
        files.set(erasureId, (files.get(erasureId) ?? 0) + 1);
        lines.set(erasureId, (lines.get(erasureId) ?? 0) + count);
      }
    }
  }
  return erasureIds.map((erasureId) => ({
    erasureId,
    filesRewritten: files.get(erasureId) ?? 0,
    linesRemoved: lines.get(erasureId) ?? 0,
  }));
}

/**
 * Takes the lines of users out of a file, part by part; there may be no error file, and retention
 * may have taken both.
 */
async function redact(
  {
    which,
    parts,
    execution,
  }: Pick<FileToRedact, 'which' | 'execution'> & { readonly parts: readonly Part[] },
  documents: Documents,
  of: { catalogue: Catalogue; sought: readonly Sought[]; signal: AbortSignal },
): Promise<ReadonlyMap<string, number>> {
  const { folder } = execution.document;
  const file = await documents.open(folder, parts);
  if (file === null) return new Map();
  try {
    return await redactFile(
      { file, parts: file.parts, which, execution },
      { ...of, replace: (name, content) => documents.replace(folder, name, content) },
    );
  } finally {
    await file.close();
  }
}
