import type { FastifyRequest } from 'fastify';
import type { Execution } from '../model/execution.ts';
import { inSpan, inTraceOf } from '../tracing.ts';

/**
 * Does the work of an upload in its span; the execution it came to stands there and in the log line
 * of the request.
 */
export function traceUpload(request: FastifyRequest, work: () => Promise<Execution>): Promise<Execution> {
  return inTraceOf(request.headers, () =>
    inSpan('muster.upload', { 'muster.request_id': request.id }, async (span) => {
      const execution = await work();
      request.executionId = execution.id;
      span.setAttributes({
        'muster.datamart_id': execution.datamartId,
        'muster.execution_id': execution.id,
        'muster.bytes': execution.document.bytes,
      });
      return execution;
    }),
  );
}
