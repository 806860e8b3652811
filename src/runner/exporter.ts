import type { Logger } from 'pino';
import type { Documents } from '../documents/documents.ts';
import { FileTooLargeError } from '../documents/write-guarded.ts';
import type { FairTurns } from '../fair-turns.ts';
import type { Export, ExportEnding } from '../model/export.ts';
import { safeMessage } from '../safe-message.ts';
import type { Store } from '../store/store.ts';
import type { Job } from './job.ts';
import { segmentJob } from './segment-job.ts';

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

/** Makes the exports that were asked for. */
export function exportJob(context: ExporterContext): Job {
  const { store, documents, clock } = context;
  return segmentJob<Export, ExportEnding>(
    {
      name: 'exports',
      wokenBy: 'EXPORT_DUE',
      queue: store.exports,
      make: (queued) => make(queued, context),
      failed: (fault) => ({
        ...{ status: 'FAILED', failure: reasonOf(fault), now: clock() },
        ...{ folder: null, bytes: null, counts: null },
      }),
      // its segment may be gone, or a user was erased meanwhile who is in the file
      discard: async ({ folder }) => {
        if (folder !== null) await documents.remove(folder);
      },
      log: {
        id: 'export_id',
        ended: 'export ended',
        failed: 'an export failed',
        fault: 'exports cannot be made now, it is tried again',
      },
    },
    context,
  );
}

async function make(
  { datamartId, userId, segmentId, mimeType, kinds, startDate }: Export,
  { store, documents, clock, exportTurns, maxExportBytes }: ExporterContext,
): Promise<ExportEnding> {
  const now = startDate ?? clock();
  const { bytes: kept } = await store.exports.loadOf({ datamartId, userId });
  const maxBytes = Math.max(0, maxExportBytes - Math.max(kept.ofDatamart, kept.ofToken));
  const made = await exportTurns.take(datamartId, () =>
    documents.make((file, signal) => store.writeMembers({ segmentId, mimeType, kinds, file, now, signal }), {
      maxBytes,
    }),
  );
  const { folder, bytes, written: counts } = made;
  return { status: 'SUCCEEDED', failure: null, folder, bytes, counts, now: clock() };
}

function reasonOf(fault: unknown): string {
  if (!(fault instanceof FileTooLargeError)) return safeMessage(fault);
  return `${fault.message}: with it the datamart, or the token, would keep more than maxExportBytes`;
}
