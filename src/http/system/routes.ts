import { Type } from 'typebox';
import { ServiceError } from '../../errors.ts';
import { ErrorAnswer } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { createMetricsText } from './metrics.ts';

const Alive = Type.Object({ status: Type.Literal('ok') });
const Ready = Type.Union([
  Alive,
  Type.Object(
    { status: Type.Literal('degraded'), workers_down: Type.Integer({ minimum: 1 }) },
    {
      description:
        'The store answers, but some workers of its Citus cluster do not: their data cannot be read or written',
    },
  ),
]);
const tags = ['system'];

/** What operators and their machines ask; without a token. */
export function systemRoutes(app: App, dependencies: HttpDependencies): void {
  const { store } = dependencies;
  const renderMetrics = createMetricsText(dependencies);
  const schema = { tags, security: [], response: { 200: Alive, '5xx': ErrorAnswer } };
  const logLevel = 'warn';

  app.get(
    '/health/live',
    { logLevel, schema: { ...schema, summary: 'Tells whether the process answers' } },
    () => ({
      status: 'ok' as const,
    }),
  );

  for (const path of ['/health/ready', '/health']) {
    const ready = {
      ...schema,
      summary: 'Tells whether the store answers',
      response: { ...schema.response, 200: Ready },
    };
    app.get(path, { logLevel, schema: ready }, async (request) => {
      await store.check().catch((cause: unknown) => {
        throw new ServiceError('NOT_READY', 'the store does not answer', { cause });
      });
      const down = store.workersDown?.() ?? [];
      if (down.length === 0) return { status: 'ok' as const };
      request.log.warn({ workers: down }, 'workers of the database do not answer');
      return { status: 'degraded' as const, workers_down: down.length };
    });
  }

  app.get(
    '/metrics',
    { logLevel, schema: { tags, security: [], summary: 'Returns metrics in the Prometheus format' } },
    async (_request, reply) => {
      reply.type('text/plain; version=0.0.4; charset=utf-8');
      return renderMetrics();
    },
  );
}
