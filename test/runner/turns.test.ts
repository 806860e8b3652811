import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Client,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  errorFile,
  getExecution,
  getSegment,
  upload,
  waitForEnd,
} from '../client.ts';
import { startService } from '../helper.ts';

/** A datamart of its own, with one import and one segment. */
async function createTarget(client: Client, name: string) {
  const { id: datamartId } = await dataOf<{ id: string }>(client.call('POST', '/v1/datamarts', { name }));
  const documentImportId = await createImport(client, { format: 'NDJSON', datamartId });
  const segmentId = await createSegment(client, { name, datamart_id: datamartId });
  /** Every tenth line is bad. */
  const body = (lines: number) =>
    Array.from({ length: lines }, (_, i) =>
      JSON.stringify({
        operation: i % 10 === 9 ? 'INSERT' : 'UPDATE',
        user_account_id: `u${i}`,
        segment_id: segmentId,
        expiration_duration: 0,
      }),
    ).join('\n');
  const send = (lines: number) =>
    upload(client, { datamartId, documentImportId, format: 'NDJSON', body: body(lines) });
  return { send, segmentId };
}

function endOf({ start_date, duration }: ExecutionAnswer): number {
  return (start_date ?? Number.NaN) + (duration ?? Number.NaN);
}

test('small files come forward while more huge ones run than there are places', async (t) => {
  const service = await startService(t, { parallelExecutions: 1, turnMs: 1, chunkRows: 200 });
  const huge = [await createTarget(service, 'huge 1'), await createTarget(service, 'huge 2')];
  const small = await createTarget(service, 'small');
  const lines = 10_000;
  const running = [];
  for (const target of huge) running.push(await target.send(lines));
  const ended = await waitForEnd(service, await small.send(10));

  const all = await Promise.all(running.map((execution) => waitForEnd(service, execution)));
  for (const [i, execution] of all.entries()) {
    assert.equal(execution.status, 'SUCCEEDED');
    assert.ok(endOf(ended) < endOf(execution), 'the small file has not waited for the end of a huge one');
    const { total_success, total_failure, memberships_created } = execution.result;
    assert.deepEqual([total_success, total_failure, memberships_created], [9_000, 1_000, 9_000]);
    assert.equal((await errorFile(service, execution)).trimEnd().split('\n').length, 1_000);
    assert.equal((await getSegment(service, huge[i]?.segmentId ?? '')).user_points_count, 9_000);
  }
  const [first, second] = all;
  assert.ok(first && second && (second.start_date ?? 0) < endOf(first), 'the huge ones take turns');
});

test('files of one datamart keep their order while they give way to others', async (t) => {
  const service = await startService(t, { parallelExecutions: 1, turnMs: 1, chunkRows: 200 });
  const target = await createTarget(service, 'first');
  const other = await createTarget(service, 'other');
  const first = await target.send(4_000);
  const second = await target.send(10);
  const beside = await other.send(4_000);
  const [one, two] = [await waitForEnd(service, first), await waitForEnd(service, second)];
  assert.ok((two.start_date ?? 0) >= endOf(one), 'the second file waits for the end of the first');
  assert.equal((await waitForEnd(service, beside)).status, 'SUCCEEDED');
});

test('an execution can be canceled while it waits for its next turn', async (t) => {
  const service = await startService(t, { parallelExecutions: 1, turnMs: 1, chunkRows: 100 });
  const targets = [await createTarget(service, 'a'), await createTarget(service, 'b')];
  const [a, b] = await Promise.all(targets.map((target) => target.send(20_000)));
  assert.ok(a && b);
  while ((await getExecution(service, a)).status === 'PENDING') await new Promise(setImmediate);
  for (const { id, parameters } of [a, b]) {
    const { datamart_id, document_import_id } = parameters;
    const path = `/v1/datamarts/${datamart_id}/document_imports/${document_import_id}/executions/${id}/action`;
    assert.equal((await service.call('POST', path, { action: 'CANCEL' })).status, 200);
  }
  for (const execution of [a, b]) {
    const { status, result, num_tasks } = await waitForEnd(service, execution);
    assert.equal(status, 'CANCELED');
    assert.equal(result.total_success + result.total_failure, num_tasks);
  }
});
