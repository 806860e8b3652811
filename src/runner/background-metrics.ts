import { Counter, Histogram } from 'prom-client';
import { registry } from '../metrics.ts';

/** What goes on without anybody waiting for its answer. */
const TASKS = [
  'claim',
  'compact',
  'deliver',
  'end',
  'erase',
  'expect',
  'lead',
  'lease',
  'pull',
  'sweep',
] as const;

const faults = new Counter({
  name: 'muster_background_faults_total',
  help: 'Faults of what the service does by itself; each is in the log, and each is tried again',
  labelNames: ['task'],
  registers: [registry],
});
for (const task of TASKS) faults.inc({ task }, 0);

const PRESSURES = ['IDLE', 'BUSY'] as const;
const compactionSeconds = new Histogram({
  name: 'muster_compaction_duration_seconds',
  help: 'Time to put the store in order; BUSY: imports waited for it',
  labelNames: ['pressure'],
  buckets: [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  registers: [registry],
});
for (const pressure of PRESSURES) compactionSeconds.zero({ pressure });

/** Notes a fault that nobody is told of but the log. */
export function observeFault(task: (typeof TASKS)[number]): void {
  faults.inc({ task });
}

/** Notes that the store was put in order. */
export function observeCompaction(pressure: (typeof PRESSURES)[number], ms: number): void {
  compactionSeconds.observe({ pressure }, ms / 1000);
}
