import type { Logger } from 'pino';
import { dueBefore, nextDue } from '../model/due-times.ts';
import type { ExpectingImport } from '../model/expected-files.ts';
import type { Store } from '../store/store.ts';
import { observeFault } from './background-metrics.ts';
import type { Job } from './job.ts';

/**
 * How long after a due time it is looked what came of it: an execution that ended in time may be
 * written a moment later, and by a node whose clock is another.
 */
const SETTLE_MS = 10_000;
/** How often it looks for due times that have passed. */
const MAX_POLL_MS = 5_000;
/** Due times that passed so long ago, while no service ran, are noted, and nobody is told. */
const MAX_REPORT_MS = 7 * 86_400_000;

export type DueWatcherContext = {
  readonly store: Store;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly intervalMs: number;
};

type Due = Omit<ExpectingImport, 'files'>;

/**
 * Notes the due times of imports that expect files when they have passed, one after the other, and
 * has those told whose file is late or missing. What has been noted is in the store: nothing is
 * told twice, after a restart or by two nodes.
 */
export function expectedFilesJob(context: DueWatcherContext): Job {
  const { store, logger, clock, intervalMs } = context;
  return {
    name: 'expected files',
    intervalMs: Math.min(intervalMs, MAX_POLL_MS),
    turn: async () => {
      let isAny = false;
      for (const due of await store.documentImports.listDueRecords())
        isAny = (await passNext(context, due, clock())) || isAny;
      return isAny;
    },
    onFault: (fault) => {
      observeFault('expect');
      logger.error({ err: fault }, 'whether files have come in time is not known, it is looked at again');
    },
  };
}

/** Whether the next due time of an import has passed; it is noted then. */
async function passNext({ store, logger }: DueWatcherContext, due: Due, now: number): Promise<boolean> {
  const { documentImport, record } = due;
  const { expect } = documentImport;
  const dueTs = nextDue(expect, record.dueTs ?? expect.sinceTs);
  if (dueTs + SETTLE_MS > now) return false;
  const from = record.dueTs ?? dueBefore(expect, dueTs);
  const isQuiet = now - dueTs > MAX_REPORT_MS;
  const passed = await store.documentImports.passDueTime({ expecting: due, from, dueTs, now, isQuiet });
  if (passed !== null && passed.events.length > 0 && !isQuiet) {
    const { missed } = passed.record;
    logger.warn(
      { document_import_id: documentImport.id, datamart_id: documentImport.datamartId, due: dueTs, missed },
      'the file of an import did not come in time',
    );
  }
  return passed !== null;
}
