import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { openLogger } from '../src/log.ts';
import { inSpan, traceIds } from '../src/tracing.ts';
import { createImport, createSegment, executionsPath, runFile, upload, waitForEnd } from './client.ts';
import { startService } from './helper.ts';

const SECRET = 'sekret';
const line = (segmentId: string, user: string) =>
  `${JSON.stringify({ operation: 'UPDATE', user_account_id: user, segment_id: segmentId, expiration_duration: 0 })}\n`;

test('without an SDK nothing is recorded', async () => {
  await inSpan('muster.stage', {}, async (span) => {
    assert.equal(span.isRecording(), false);
    assert.deepEqual(traceIds(), {});
  });
});

test('with an SDK', async (t) => {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  provider.register();
  t.after(() => provider.shutdown());
  t.beforeEach(() => exporter.reset());
  const named = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);
  const idOf = (span: ReadableSpan | undefined) => span?.spanContext().spanId;

  await t.test('a large file is a trace: its run, its execution, each chunk staged and merged', async (t) => {
    const service = await startService(t, { chunkRows: 2, chunkBytes: 1024 });
    const segmentId = await createSegment(service, { name: 's' });
    const content = Array.from({ length: 20 }, (_, i) => line(segmentId, `${SECRET}-${i}`)).join('');
    const execution = await runFile(service, 'NDJSON', content + line('404', SECRET));
    await service.stop();
    const [run] = named('muster.run');
    const [ran] = named('muster.execution');
    assert.equal(run?.parentSpanContext, undefined, 'a trace of its own, not a part of the upload');
    assert.equal(ran?.parentSpanContext?.spanId, idOf(run));
    assert.equal(ran?.attributes['muster.execution_id'], execution.id);
    assert.equal(ran?.attributes['muster.outcome'], 'SUCCEEDED');
    const [stages, merges] = [named('muster.stage'), named('muster.merge')];
    assert.ok(stages.length >= 10 && merges.length >= 10, `${stages.length} and ${merges.length} steps`);
    for (const step of [...stages, ...merges]) assert.equal(step.parentSpanContext?.spanId, idOf(ran));
    const commands = stages.reduce((sum, { attributes }) => sum + Number(attributes['muster.commands']), 0);
    assert.equal(commands, 21);
    assert.ok(merges.every(({ attributes }) => attributes['muster.outcome'] === 'MERGED'));
    const [received] = named('muster.upload');
    assert.equal(received?.attributes['muster.execution_id'], execution.id, 'what joins the two traces');
    assert.notEqual(received?.spanContext().traceId, ran?.spanContext().traceId);
    assert.ok(!JSON.stringify(exporter.getFinishedSpans().map(told)).includes(SECRET));
  });

  await t.test('small files that run together are one run', async (t) => {
    const service = await startService(t);
    const segmentId = await createSegment(service, { name: 's' });
    const documentImportId = await createImport(service, { format: 'NDJSON' });
    const of = { datamartId: '1', documentImportId, format: 'NDJSON' as const, body: line(segmentId, 'a') };
    const executions = await Promise.all(Array.from({ length: 5 }, () => upload(service, of)));
    for (const execution of executions) await waitForEnd(service, execution);
    await service.stop();
    const runs = named('muster.run');
    assert.deepEqual(
      runs.flatMap(({ attributes }) => attributes['muster.execution_ids']).sort(),
      executions.map(({ id }) => id).sort(),
    );
    for (const step of ['muster.stage', 'muster.merge']) {
      assert.deepEqual(
        named(step).map((span) => span.parentSpanContext?.spanId),
        runs.map(idOf),
      );
    }
  });

  await t.test('an upload belongs to the trace of its caller, and a refused one says why', async (t) => {
    const service = await startService(t);
    const documentImportId = await createImport(service, { format: 'NDJSON' });
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const headers = {
      'content-type': 'application/x-ndjson',
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
    };
    const answer = await service.call(
      'POST',
      executionsPath({ datamartId: '1', documentImportId }),
      `[${SECRET}]`,
      headers,
    );
    assert.equal(answer.status, 400);
    const [received] = named('muster.upload');
    assert.equal(received?.spanContext().traceId, traceId);
    assert.equal(received?.attributes['error.type'], 'NOT_NDJSON');
    assert.equal(received?.attributes['muster.request_id'], answer.headers.get('x-request-id'));
    assert.ok(!JSON.stringify(told(received as ReadableSpan)).includes(SECRET));
  });

  await t.test('a fault is told as in the log, and log lines carry the ids of their span', async () => {
    const lines: string[] = [];
    const logger = openLogger('info', { write: (text) => void lines.push(text) });
    const failing = inSpan('muster.merge', {}, async () => {
      logger.info('inside');
      throw new Error(`Conversion Error: Could not convert string '${SECRET}' to INT64`);
    });
    await assert.rejects(failing, /Conversion Error/);
    logger.info('outside');
    const [span] = named('muster.merge');
    assert.match(span?.status.message ?? '', /^Conversion Error: /);
    assert.ok(!JSON.stringify(told(span as ReadableSpan)).includes(SECRET));
    const [inside, outside] = lines.map(
      (text) => JSON.parse(text) as { trace_id?: string; span_id?: string },
    );
    assert.equal(inside?.trace_id, span?.spanContext().traceId);
    assert.equal(inside?.span_id, idOf(span));
    assert.equal(outside?.trace_id, undefined);
  });
  trace.disable();
});

/** What a span tells whoever collects it. */
function told({ name, attributes, status, events }: ReadableSpan) {
  return { name, attributes, status, events };
}
