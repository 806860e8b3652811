import { Gauge, Histogram } from 'prom-client';
import { registry } from '../metrics.ts';
import { EXECUTION_STATUSES } from '../model/execution.ts';
import type { Store } from '../store/store.ts';

const requestSeconds = new Histogram({
  name: 'muster_http_request_duration_seconds',
  help: 'Time to answer a request, uploads included',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  registers: [registry],
});

const executions = new Gauge({
  name: 'muster_executions',
  help: 'Executions by status',
  labelNames: ['status'],
  registers: [registry],
});

const storeBytes = new Gauge({
  name: 'muster_store_bytes',
  help: 'Bytes the store occupies',
  registers: [registry],
});

/** Notes an answered request, under the pattern of its route: a path would be a label for every id. */
export function observeRequest(of: { method: string; route: string; status: number; ms: number }): void {
  requestSeconds.observe({ method: of.method, route: of.route, status: of.status }, of.ms / 1000);
}

/** The text of `GET /metrics`; what the store knows is asked for now. */
export async function renderMetrics(store: Store): Promise<string> {
  const counts = await store.executions.countByStatus();
  for (const status of EXECUTION_STATUSES) executions.set({ status }, counts.get(status) ?? 0);
  storeBytes.set(await store.sizeBytes());
  return registry.metrics();
}
