import { Gauge } from 'prom-client';
import type { Documents } from '../../documents/documents.ts';
import { registry } from '../../metrics.ts';
import { EXECUTION_STATUSES } from '../../model/execution.ts';
import { EXPECTED_STATES, expectedState, FILE_PROBLEMS, lastProblems } from '../../model/expected-files.ts';
import { PRIORITIES } from '../../model/records.ts';
import type { Pace, PaceState } from '../../pace.ts';
import type { Store } from '../../store/store.ts';
import type { LookUpGate } from '../users/look-up-gate.ts';
import { servingMetrics } from './serving-metrics.ts';

/** How long what the store said is shown again: several scrapers cost it no more than one. */
const READ_MS = 1_000;

const executions = new Gauge({
  name: 'muster_executions',
  help: 'Executions by status',
  labelNames: ['status'],
  registers: [registry],
});

const queueAge = new Gauge({
  name: 'muster_queue_age_seconds',
  help: 'How long the PENDING execution has waited that has waited longest; 0 when none waits',
  labelNames: ['priority'],
  registers: [registry],
});

const storeBytes = new Gauge({
  name: 'muster_store_bytes',
  help: 'Bytes the store occupies',
  registers: [registry],
});

const diskFreeBytes = new Gauge({
  name: 'muster_disk_free_bytes',
  help: 'Bytes that are free on the disk of the files',
  registers: [registry],
});

const deliveriesPending = new Gauge({
  name: 'muster_webhook_deliveries_pending',
  help: 'Deliveries to webhooks that wait for their first or next attempt',
  registers: [registry],
});

const expectingImports = new Gauge({
  name: 'muster_expecting_imports',
  help: 'Document imports that expect files, by what came of the last due time',
  labelNames: ['state'],
  registers: [registry],
});

const unexpectedFiles = new Gauge({
  name: 'muster_unexpected_files',
  help: 'Document imports whose last file is not as expected, by what is wrong with it',
  labelNames: ['problem'],
  registers: [registry],
});

/** A source that failed so often in a row does so by itself no more. */
const FAILING_RUNS = 3;
const sourcesFailing = new Gauge({
  name: 'muster_sources_failing',
  help: `Sources of which ${FAILING_RUNS} runs in a row failed, or more`,
  registers: [registry],
});

const storeUp = new Gauge({
  name: 'muster_store_up',
  help: '1 when the store answered the last time it was asked for metrics, else 0',
  registers: [registry],
});

const workersDown = new Gauge({
  name: 'muster_store_workers_down',
  help: 'Workers of the Citus cluster under the store that did not answer when they were last asked',
  registers: [registry],
});

const lookUpsWaiting = new Gauge({
  name: 'muster_lookups_waiting',
  help: 'Look-ups that wait for their turn',
  registers: [registry],
});

const lookUpP99 = new Gauge({
  name: 'muster_lookup_p99_seconds',
  help: 'What 99 of 100 look-ups of one user took at most in the last 5 seconds, from request to answer; absent while there are too few',
  registers: [registry],
});

const lookUpGoal = new Gauge({
  name: 'muster_lookup_goal_seconds',
  help: 'The p99 of look-ups beyond which imports are held back; 0: never',
  registers: [registry],
});

const importsHeldBack = new Gauge({
  name: 'muster_imports_held_back',
  help: '1 while imports pause between chunks since look-ups are slow, else 0',
  registers: [registry],
});

type MetricsContext = {
  readonly store: Store;
  readonly documents: Pick<Documents, 'freeBytes'>;
  readonly clock: () => number;
  readonly lookUpGate: Pick<LookUpGate, 'waiting'>;
  readonly pace: Pick<Pace, 'state'>;
};

/**
 * What renders `GET /metrics`. The store is asked three small queries, one more where there are
 * webhooks, and one where imports expect files, at most once a second. When it does not answer,
 * what only it knows is left out and the rest is shown: that is when operators look.
 */
export function createMetricsText({
  store,
  documents,
  clock,
  lookUpGate,
  pace,
}: MetricsContext): () => Promise<string> {
  const showServing = servingMetrics(store);
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;

  async function readStore(): Promise<void> {
    try {
      await showStore(store, clock());
      diskFreeBytes.set(await documents.freeBytes());
      storeUp.set(1);
    } catch {
      for (const gauge of [executions, queueAge, expectingImports, unexpectedFiles]) gauge.reset();
      for (const gauge of [storeBytes, diskFreeBytes, deliveriesPending, sourcesFailing]) gauge.remove();
      storeUp.set(0);
    }
    workersDown.set(store.workersDown?.().length ?? 0);
    showServing();
    readAt = clock();
  }

  return async () => {
    if (clock() - readAt >= READ_MS) reading ??= readStore().finally(() => (reading = null));
    await reading;
    showLookUps(lookUpGate.waiting(), pace.state());
    return registry.metrics();
  };
}

function showLookUps(waiting: number, { goalMs, p99Ms, isHeldBack }: PaceState): void {
  lookUpsWaiting.set(waiting);
  lookUpGoal.set(goalMs / 1000);
  importsHeldBack.set(isHeldBack ? 1 : 0);
  if (p99Ms === null) lookUpP99.remove();
  else lookUpP99.set(p99Ms / 1000);
}

async function showStore(store: Store, now: number): Promise<void> {
  const [counts, waitingSince, bytes, pending, expecting, failing] = await Promise.all([
    store.executions.countByStatus(),
    store.executions.waitingSince(),
    store.sizeBytes(),
    store.webhooks.countPending(),
    store.documentImports.listExpecting({}),
    store.sources.countFailing(FAILING_RUNS),
  ]);
  for (const status of EXECUTION_STATUSES) executions.set({ status }, counts.get(status) ?? 0);
  for (const priority of PRIORITIES) {
    const since = waitingSince.get(priority) ?? now;
    queueAge.set({ priority }, Math.max(0, now - since) / 1000);
  }
  storeBytes.set(bytes);
  deliveriesPending.set(pending);
  const states = expecting.map(expectedState);
  for (const state of EXPECTED_STATES)
    expectingImports.set({ state }, states.filter((each) => each === state).length);
  const problems = expecting.map(lastProblems);
  for (const problem of FILE_PROBLEMS)
    unexpectedFiles.set({ problem }, problems.filter((each) => each.includes(problem)).length);
  sourcesFailing.set(failing);
}
