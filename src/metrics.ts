import { collectDefaultMetrics, Registry } from 'prom-client';

/** What `GET /metrics` shows. One per process, as the process is what most of it measures. */
export const registry = new Registry();

collectDefaultMetrics({ register: registry });
// `/metrics` needs no token, and what can be attacked is best not told to everybody.
registry.removeSingleMetric('nodejs_version_info');
