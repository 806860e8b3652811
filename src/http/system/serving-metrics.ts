import { Counter, Gauge } from 'prom-client';
import { registry } from '../../metrics.ts';
import { RUN_ORIGINS, type ServingState } from '../../store/serving-state.ts';
import type { Store } from '../../store/store.ts';

const registers = [registry];

const up = new Gauge({
  name: 'muster_serving_up',
  help: '1 when serving runs answer look-ups, 0 when they ask the tables meanwhile',
  registers,
});

const madeRatio = new Gauge({
  name: 'muster_serving_made_ratio',
  help: 'The share of the serving runs that has been made of the tables; 1 when nothing is to be made of them',
  registers,
});

const runs = new Gauge({ name: 'muster_serving_runs', help: 'Serving runs', registers });

const fileBytes = new Gauge({
  name: 'muster_serving_file_bytes',
  help: 'Bytes of the files of serving runs',
  registers,
});

const memoryBytes = new Gauge({
  name: 'muster_serving_memory_bytes',
  help: 'Bytes of memory that serving runs take',
  registers,
});

const baseAge = new Gauge({
  name: 'muster_serving_base_age_seconds',
  help: 'Time since the base of the serving runs was made',
  registers,
});

const lookUps = new Counter({
  name: 'muster_serving_lookups_total',
  help: 'Users who were looked up, by what answered; runs_aside: runs, read on another thread',
  labelNames: ['by'],
  registers,
});

const filters = new Counter({
  name: 'muster_serving_filter_skips_total',
  help: 'Serving runs that a look-up did not read, since their filter does not have the key',
  registers,
});

const reads = new Counter({
  name: 'muster_serving_block_reads_total',
  help: 'Blocks of serving runs that look-ups read; vain: without the key',
  labelNames: ['outcome'],
  registers,
});

const made = new Counter({
  name: 'muster_serving_made_total',
  help: 'Serving runs that were made',
  labelNames: ['from'],
  registers,
});

const madeSeconds = new Counter({
  name: 'muster_serving_made_seconds_total',
  help: 'Time to make serving runs; change: to make one durable',
  labelNames: ['from'],
  registers,
});

const madeBytes = new Counter({
  name: 'muster_serving_made_bytes_total',
  help: 'Bytes of the serving runs that were made',
  labelNames: ['from'],
  registers,
});

const faults = new Counter({
  name: 'muster_serving_faults_total',
  help: 'Serving runs that were found damaged, and faults while some were merged or made',
  labelNames: ['what'],
  registers,
});

for (const by of ['runs', 'runs_aside', 'tables']) lookUps.inc({ by }, 0);
for (const outcome of ['found', 'vain']) reads.inc({ outcome }, 0);
for (const from of RUN_ORIGINS) for (const each of [made, madeSeconds, madeBytes]) each.inc({ from }, 0);
for (const what of ['damaged', 'failed']) faults.inc({ what }, 0);

/** What shows the state of a store's serving runs; gauges of a store without any are not shown. */
export function servingMetrics(store: Pick<Store, 'servingState'>): () => void {
  let before: ServingState | null = null;
  // they begin at 0
  for (const gauge of [up, madeRatio, runs, fileBytes, memoryBytes, baseAge]) gauge.remove();
  return () => {
    const state = store.servingState?.();
    if (state === undefined) return;
    show(state, before);
    before = state;
  };
}

function show(state: ServingState, before: ServingState | null): void {
  up.set(state.isWhole ? 1 : 0);
  madeRatio.set(state.madeShare);
  runs.set(state.runs);
  fileBytes.set(state.fileBytes);
  memoryBytes.set(state.memoryBytes);
  if (state.baseAgeMs === null) baseAge.remove();
  else baseAge.set(state.baseAgeMs / 1000);
  const grown = (of: (state: ServingState) => number) => of(state) - (before === null ? 0 : of(before));
  lookUps.inc(
    { by: 'runs' },
    grown(({ lookUps, aside }) => lookUps - aside),
  );
  lookUps.inc(
    { by: 'runs_aside' },
    grown(({ aside }) => aside),
  );
  lookUps.inc(
    { by: 'tables' },
    grown(({ asked }) => asked),
  );
  filters.inc(grown(({ skipped }) => skipped));
  reads.inc(
    { outcome: 'found' },
    grown(({ reads, vain }) => reads - vain),
  );
  reads.inc(
    { outcome: 'vain' },
    grown(({ vain }) => vain),
  );
  for (const from of RUN_ORIGINS) {
    made.inc(
      { from },
      grown((each) => each.made[from].runs),
    );
    madeSeconds.inc({ from }, grown((each) => each.made[from].ms) / 1000);
    madeBytes.inc(
      { from },
      grown((each) => each.made[from].bytes),
    );
  }
  faults.inc(
    { what: 'damaged' },
    grown(({ damages }) => damages),
  );
  faults.inc(
    { what: 'failed' },
    grown(({ faults }) => faults),
  );
}
