import { Counter, Histogram } from 'prom-client';
import { registry } from '../metrics.ts';
import type { SourceRun } from '../model/source.ts';

const STATUSES = ['SUCCEEDED', 'FAILED'] as const;

const runs = new Counter({
  name: 'muster_source_runs_total',
  help: 'Runs of sources that ended',
  labelNames: ['status'],
  registers: [registry],
});
for (const status of STATUSES) runs.inc({ status }, 0);

const files = new Counter({
  name: 'muster_source_files_total',
  help: 'Files of sources that became executions, or were refused',
  labelNames: ['outcome'],
  registers: [registry],
});
for (const outcome of ['taken', 'refused']) files.inc({ outcome }, 0);

const seconds = new Histogram({
  name: 'muster_source_run_duration_seconds',
  help: 'Time of a run of a source, with the files that it took',
  buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200],
  registers: [registry],
});

/** Notes a run that is over. */
export function observeSourceRun({ status, startDate, endDate, filesTaken, filesRefused }: SourceRun): void {
  runs.inc({ status });
  files.inc({ outcome: 'taken' }, filesTaken);
  files.inc({ outcome: 'refused' }, filesRefused);
  seconds.observe(Math.max(0, endDate - startDate) / 1000);
}
