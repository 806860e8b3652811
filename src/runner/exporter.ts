import type { Logger } from 'pino';
import type { Documents } from '../documents/documents.ts';
import { FileTooLargeError } from '../documents/write-guarded.ts';
import type { FairTurns } from '../fair-turns.ts';
import type { Export, ExportEnding } from '../model/export.ts';
import { safeMessage } from '../safe-message.ts';
import type { Store } from '../store/store.ts';
import { startWorkLoop, type WorkLoop } from './work-loop.ts';

export type ExporterContext = {
  readonly store: Store;
  readonly documents: Documents;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly exportTurns: FairTurns;
  /** What the kept files of a datamart, and those of a token, may have together. */
  readonly maxExportBytes: number;
  readonly intervalMs: number;
};

/**
 * Makes the exports that were asked for, one after the other. What was not finished in a crash is
 * made anew.
 */
export function startExporter(context: ExporterContext): WorkLoop {
  return startWorkLoop({
    // whoever ran them is gone: one process makes them at a time
    begin: () => context.store.exports.release(),
    doNext: () => makeNext(context),
    onFault: (err) => context.logger.error({ err }, 'exports cannot be made now, it is tried again'),
    intervalMs: context.intervalMs,
  });
}

/** Whether there was one. */
async function makeNext(context: ExporterContext): Promise<boolean> {
  const { store, documents, logger, clock } = context;
  const next = await store.exports.claim(clock());
  if (next === null) return false;
  const ending = await make(next, context);
  const noted = await store.exports.finish(next.id, ending);
  // its segment may be gone, or a user was erased meanwhile who is in the file
  if (!noted && ending.folder !== null) await documents.remove(ending.folder);
  logger.info({ export_id: next.id, status: noted ? ending.status : 'GONE' }, 'export ended');
  return true;
}

async function make(
  { id, datamartId, userId, segmentId, mimeType, kinds, startDate }: Export,
  { store, documents, logger, clock, exportTurns, maxExportBytes }: ExporterContext,
): Promise<ExportEnding> {
  try {
    const now = startDate ?? clock();
    const { bytes: kept } = await store.exports.loadOf({ datamartId, userId });
    const maxBytes = Math.max(0, maxExportBytes - Math.max(kept.ofDatamart, kept.ofToken));
    const made = await exportTurns.take(datamartId, () =>
      documents.make(
        (file, signal) => store.writeMembers({ segmentId, mimeType, kinds, file, now, signal }),
        { maxBytes },
      ),
    );
    const { folder, bytes, written: counts } = made;
    return { status: 'SUCCEEDED', failure: null, folder, bytes, counts, now: clock() };
  } catch (fault) {
    logger.error({ err: fault, export_id: id }, 'an export failed');
    const none = { folder: null, bytes: null, counts: null };
    return { status: 'FAILED', failure: reasonOf(fault), ...none, now: clock() };
  }
}

function reasonOf(fault: unknown): string {
  if (!(fault instanceof FileTooLargeError)) return safeMessage(fault);
  return `${fault.message}: with it the datamart, or the token, would keep more than maxExportBytes`;
}
