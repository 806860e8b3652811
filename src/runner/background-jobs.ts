import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Documents } from '../documents/documents.ts';
import type { Events } from '../events.ts';
import type { FairTurns } from '../fair-turns.ts';
import { pullSettings } from '../sources/pull-settings.ts';
import type { Store } from '../store/store.ts';
import { overlapAnalysisJob } from './analyzer.ts';
import { deliveryJob } from './deliverer.ts';
import { expectedFilesJob } from './due-watcher.ts';
import { erasureJob } from './eraser.ts';
import { exportJob } from './exporter.ts';
import { type Job, RunningJob } from './job.ts';
import { type PullerContext, sourceJob } from './puller.ts';
import { sweepJob } from './sweeper.ts';

/**
 * Where other nodes take requests, the store is asked for work so often: they cannot wake this one.
 */
const SHARED_POLL_MS = 2_000;

export type BackgroundJobsContext = {
  readonly store: Store;
  readonly documents: Documents;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly config: Config;
  readonly exportTurns: FairTurns;
  readonly admit: PullerContext['admit'];
  readonly events: Pick<Events, 'on'>;
};

/** Starts the jobs of the leader. `close` stops them in reverse. */
export function startBackgroundJobs(context: BackgroundJobsContext): { close(): Promise<void> } {
  const running: RunningJob[] = [];
  const subscriptions: (() => void)[] = [];
  for (const job of jobsOf(context)) {
    const started = new RunningJob(job);
    running.push(started);
    if (job.wokenBy !== undefined) subscriptions.push(context.events.on(job.wokenBy, started.wake));
  }
  return {
    close: async () => {
      for (const unsubscribe of subscriptions) unsubscribe();
      for (const job of running.reverse()) await job.close();
    },
  };
}

/** The jobs that one process runs of all that share a store. */
function jobsOf({ config, admit, exportTurns, ...context }: BackgroundJobsContext): readonly Job[] {
  const { sweepIntervalMs, retentionDays, auditRetentionDays, historyDays } = config;
  const intervalMs = config.store === null ? sweepIntervalMs : Math.min(sweepIntervalMs, SHARED_POLL_MS);
  const shared = { ...context, intervalMs };
  const retention = { retentionDays, auditRetentionDays, historyDays };
  const webhooks = {
    reach: config.webhookAllowPrivate ? 'ANY' : 'PUBLIC',
    nameServers: config.webhookNameServers,
    timeoutMs: config.webhookTimeoutMs,
  } as const;
  const pulling = { admit, settings: pullSettings(config), retryMs: config.sourceRetryMs };
  return [
    sweepJob({ ...context, ...retention, intervalMs: sweepIntervalMs }),
    erasureJob(shared),
    exportJob({ ...shared, exportTurns, maxExportBytes: config.maxExportBytes }),
    overlapAnalysisJob(shared),
    deliveryJob({ ...shared, ...webhooks }),
    expectedFilesJob(shared),
    ...(config.pauseSources ? [] : [sourceJob({ ...shared, ...pulling })]),
  ];
}
