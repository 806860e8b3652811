import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Documents } from '../documents/documents.ts';
import type { Events } from '../events.ts';
import type { FairTurns } from '../fair-turns.ts';
import { pullSettings } from '../sources/pull-settings.ts';
import type { Store } from '../store/store.ts';
import { startAnalyzer } from './analyzer.ts';
import { startDeliverer } from './deliverer.ts';
import { startDueWatcher } from './due-watcher.ts';
import { startEraser } from './eraser.ts';
import { startExporter } from './exporter.ts';
import { type PullerContext, startPuller } from './puller.ts';
import { startSweeper } from './sweeper.ts';

/** What one process does at a time of all that share a store. */
export interface Kept {
  close(): Promise<void>;
}

/**
 * Where other nodes take requests, what is to be done for them is asked for so often: they cannot
 * wake this one.
 */
const SHARED_POLL_MS = 2_000;

export function startKept({
  store,
  documents,
  logger,
  clock,
  config,
  exportTurns,
  admit,
  events,
}: {
  readonly store: Store;
  readonly documents: Documents;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly config: Config;
  readonly exportTurns: FairTurns;
  readonly admit: PullerContext['admit'];
  readonly events: Pick<Events, 'on'>;
}): Kept {
  const { sweepIntervalMs, retentionDays, auditRetentionDays, historyDays } = config;
  const intervalMs = config.store === null ? sweepIntervalMs : Math.min(sweepIntervalMs, SHARED_POLL_MS);
  const of = { store, documents, logger, clock, intervalMs };
  const sweeper = startSweeper({
    ...of,
    intervalMs: sweepIntervalMs,
    ...{ retentionDays, auditRetentionDays, historyDays },
  });
  const eraser = startEraser(of);
  const exporter = startExporter({ ...of, exportTurns, maxExportBytes: config.maxExportBytes });
  const analyzer = startAnalyzer(of);
  const deliverer = startDeliverer({
    ...of,
    reach: config.webhookAllowPrivate ? 'ANY' : 'PUBLIC',
    nameServers: config.webhookNameServers,
    timeoutMs: config.webhookTimeoutMs,
  });
  const dueWatcher = startDueWatcher(of);
  const puller = config.pauseSources
    ? null
    : startPuller({ ...of, admit, settings: pullSettings(config), retryMs: config.sourceRetryMs });
  const subscriptions = [
    events.on('DELIVERY_DUE', deliverer.wake),
    events.on('USER_ERASED', eraser.wake),
    events.on('EXPORT_DUE', exporter.wake),
    events.on('OVERLAP_ANALYSIS_DUE', analyzer.wake),
    events.on('SOURCE_DUE', () => puller?.wake()),
  ];
  return {
    close: async () => {
      for (const unsubscribe of subscriptions) unsubscribe();
      for (const part of [puller, dueWatcher, deliverer, analyzer, exporter, eraser, sweeper])
        await part?.close();
    },
  };
}
