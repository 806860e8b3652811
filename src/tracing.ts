import {
  type Attributes,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { ServiceError } from './errors.ts';
import { safeMessage } from './safe-message.ts';

/**
 * What is traced: a file's way from the socket to the store, and that of commands without a file.
 */
type SpanName =
  | 'muster.upload'
  | 'muster.run'
  | 'muster.execution'
  | 'muster.stage'
  | 'muster.merge'
  | 'muster.calls';

/**
 * Does `work` in a span. Nothing is recorded unless the operator has loaded an OpenTelemetry SDK;
 * ids and counts alone are told of what is done, and of a fault no more than in the log.
 */
export async function inSpan<T>(
  name: SpanName,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  return trace.getTracer('muster').startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work(span);
    } catch (fault) {
      // not `recordException`: its message and stack may hold values
      span.setAttribute('error.type', typeOf(fault));
      span.setStatus({ code: SpanStatusCode.ERROR, message: safeMessage(fault) });
      throw fault;
    } finally {
      span.end();
    }
  });
}

function typeOf(fault: unknown): string {
  if (fault instanceof ServiceError) return fault.code;
  return fault instanceof Error ? fault.name : typeof fault;
}

/**
 * Does `work` as part of the caller's trace: the one its instrumented server has begun, or the one
 * its headers name.
 */
export function inTraceOf<T>(headers: Readonly<Record<string, unknown>>, work: () => Promise<T>): Promise<T> {
  const active = context.active();
  const isTraced = trace.getSpan(active) !== undefined;
  return context.with(isTraced ? active : propagation.extract(active, headers), work);
}

/** Does `work` outside any trace: what a request sets off in the background is no part of it. */
export function outsideTraces(work: () => void): void {
  context.with(ROOT_CONTEXT, work);
}

/** The ids of the span that is active, for a log line; nothing where there is none. */
export function traceIds(): { readonly trace_id?: string; readonly span_id?: string } {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}
