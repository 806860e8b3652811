import type { Attributes, Span } from '@opentelemetry/api';
import { Histogram } from 'prom-client';
import { registry } from '../metrics.ts';
import { inSpan } from '../tracing.ts';

const STEPS = ['stage', 'merge'] as const;

const stepSeconds = new Histogram({
  name: 'muster_import_step_duration_seconds',
  help: 'Time to stage or to merge a chunk of a file, or a group of small files',
  labelNames: ['step'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  registers: [registry],
});
for (const step of STEPS) stepSeconds.zero({ step });

/** Does a step of an import, timed and in a span of its own. */
export async function inStep<T>(
  step: (typeof STEPS)[number],
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const end = stepSeconds.startTimer({ step });
  try {
    return await inSpan(`muster.${step}`, attributes, work);
  } finally {
    end();
  }
}
