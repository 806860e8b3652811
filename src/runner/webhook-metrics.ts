import { Counter } from 'prom-client';
import { registry } from '../metrics.ts';
import type { Attempt } from '../model/webhook.ts';

const OUTCOMES = ['succeeded', 'retry', 'failed', 'gone'] as const;

const attempts = new Counter({
  name: 'muster_webhook_attempts_total',
  help: 'Attempts to deliver to webhooks; failed: it was the last one of its delivery',
  labelNames: ['outcome'],
  registers: [registry],
});
for (const outcome of OUTCOMES) attempts.inc({ outcome }, 0);

/** Notes what came of an attempt. */
export function observeAttempt({ outcome }: Attempt): void {
  attempts.inc({ outcome: outcome.toLowerCase() });
}
