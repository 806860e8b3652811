import type { Logger } from 'pino';
import type { Documents } from '../documents/documents.ts';
import type { Export, ExportEnding } from '../model/export.ts';
import { safeMessage } from '../safe-message.ts';
import type { Store } from '../store/store.ts';

export type ExporterContext = {
  readonly store: Store;
  readonly documents: Documents;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly intervalMs: number;
};

export interface Exporter {
  /** There is something to do: an export was asked for. */
  wake(): void;
  /** Waits for the export under way; those that wait go on at the next start. */
  close(): Promise<void>;
}

/** Makes the exports that were asked for, one after the other. What was not finished in a crash is made anew. */
export function startExporter(context: ExporterContext): Exporter {
  let isClosing = false;
  let running: Promise<void> | null = null;
  let askedAgain = false;

  function wake(): void {
    askedAgain = true;
    if (isClosing) return;
    running ??= run().finally(() => {
      running = null;
      if (askedAgain && !isClosing) wake();
    });
  }

  async function run(): Promise<void> {
    askedAgain = false;
    try {
      while (!isClosing && (await makeNext(context)));
    } catch (fault) {
      context.logger.error({ err: fault }, 'exports cannot be made now, it is tried again');
    }
  }

  const timer = setInterval(wake, context.intervalMs);
  wake();
  return {
    wake,
    close: async () => {
      isClosing = true;
      clearInterval(timer);
      await running;
    },
  };
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
  { id, segmentId, mimeType, kinds, startDate }: Export,
  { store, documents, logger, clock }: ExporterContext,
): Promise<ExportEnding> {
  try {
    const now = startDate ?? clock();
    const { folder, written: counts } = await documents.make((file) =>
      store.writeMembers({ segmentId, mimeType, kinds, file, now }),
    );
    return { status: 'SUCCEEDED', failure: null, folder, counts, now: clock() };
  } catch (fault) {
    logger.error({ err: fault, export_id: id }, 'an export failed');
    return { status: 'FAILED', failure: safeMessage(fault), folder: null, counts: null, now: clock() };
  }
}
