import { collectDefaultMetrics, Registry } from 'prom-client';

/** What `GET /metrics` shows. One per process, as the process is what most of it measures. */
export const registry = new Registry();

collectDefaultMetrics({ register: registry });
