import { Type } from 'typebox';
import { ServiceError } from '../../errors.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { ErrorAnswer } from '../schemas.ts';
import { createMetricsText } from '../store-metrics.ts';
import type { App } from '../types.ts';

const Alive = Type.Object({ status: Type.Literal('ok') });
const tags = ['system'];

/** What operators and their machines ask; without a token. */
export function systemRoutes(app: App, dependencies: HttpDependencies): void {
  const { store } = dependencies;
  const renderMetrics = createMetricsText(dependencies);
  const schema = { tags, security: [], response: { 200: Alive, '5xx': ErrorAnswer } };
  const logLevel = 'warn';

  app.get(
    '/health/live',
    { logLevel, schema: { ...schema, summary: 'Whether the process answers' } },
    () => ({
      status: 'ok' as const,
    }),
  );

  for (const path of ['/health/ready', '/health']) {
    const ready = { ...schema, summary: 'Whether the store answers' };
    app.get(path, { logLevel, schema: ready }, async () => {
      await store.check().catch((cause: unknown) => {
        throw new ServiceError('NOT_READY', 'the store does not answer', { cause });
      });
      return { status: 'ok' as const };
    });
  }

  app.get(
    '/metrics',
    { logLevel, schema: { tags, security: [], summary: 'Metrics for Prometheus' } },
    async (_request, reply) => {
      reply.type('text/plain; version=0.0.4; charset=utf-8');
      return renderMetrics();
    },
  );
}
