import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createImport,
  createSegment,
  type ExecutionAnswer,
  errorFile,
  getSegment,
  membershipsOf,
  runFile,
} from '../client.ts';
import { startService } from '../helper.ts';

/** Chunks of so few pairs that most pairs of `commands` are in several of them. */
const CHUNKS = { chunkRows: 100 };

/** Commands for 40 users, each several times, in and out; every 50th is bad. */
function commands(segmentIds: readonly string[], count: number): string {
  return Array.from({ length: count }, (_, i) =>
    JSON.stringify({
      operation: i % 7 === 3 ? 'DELETE' : 'UPDATE',
      user_account_id: `u${(i * 17) % 40}`,
      segment_id: i % 50 === 49 ? '404' : segmentIds[i % segmentIds.length],
      expiration_ts: i % 11 === 5 ? 1_000_000_000_000 : 0,
    }),
  ).join('\n');
}

function countsOf({ result, num_tasks, erroneous_tasks }: ExecutionAnswer) {
  const { segments: _segments, input_file_uri: _input, error_file_uri: _errors, ...counts } = result;
  return { ...counts, num_tasks, erroneous_tasks };
}

test('a dry run counts what the run then does, chunk after chunk, and writes nothing', async (t) => {
  const service = await startService(t, CHUNKS);
  const segmentIds = [
    await createSegment(service, { name: 'a' }),
    await createSegment(service, { name: 'b' }),
  ];
  const sizes = async () =>
    Promise.all(segmentIds.map(async (id) => (await getSegment(service, id)).user_points_count));

  for (const body of [commands(segmentIds, 500), commands(segmentIds.slice(1), 950)]) {
    const before = await sizes();
    const known = await membershipsOf(service, 'user_account_id=u1');
    const dry = await runFile(service, 'NDJSON', body, { query: 'dry_run=true' });
    assert.equal(dry.status, 'SUCCEEDED', JSON.stringify(dry));
    assert.equal(dry.dry_run, true);
    assert.deepEqual(await sizes(), before);
    assert.deepEqual(await membershipsOf(service, 'user_account_id=u1'), known);

    const real = await runFile(service, 'NDJSON', body);
    assert.equal('dry_run' in real, false);
    assert.deepEqual(countsOf(dry), countsOf(real));
    assert.ok(real.result.superseded > 0 && real.result.memberships_deleted > 0);
    assert.equal(await errorFile(service, dry), await errorFile(service, real));
    const after = await sizes();
    for (const { segment_id, size_before, size_after } of dry.result.segments ?? []) {
      const i = segmentIds.indexOf(segment_id);
      assert.deepEqual([size_before, size_after], [before[i], after[i]], `segment ${segment_id}`);
    }
  }
});

test('a file of which too many commands fail is not applied, and says how many failed', async (t) => {
  const service = await startService(t, CHUNKS);
  const segmentId = await createSegment(service, { name: 'a' });
  const body = commands([segmentId], 500);
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const run = (query: string) => runFile(service, 'NDJSON', body, { documentImportId, query });

  for (const query of ['max_failure_ratio=0.0199', 'max_failure_ratio=0.0199&dry_run=true']) {
    const refused = await run(query);
    assert.equal(refused.status, 'FAILED');
    assert.equal(
      refused.error?.message,
      'max_failure_ratio is 0.0199, and 10 of 500 commands failed (0.0200), which takes max_failure_ratio=0.02: nothing of the file was applied',
    );
    assert.deepEqual(
      [refused.result.total_success, refused.result.total_failure, refused.result.failures_by_code],
      [0, 10, { UNKNOWN_SEGMENT: 10 }],
    );
    assert.deepEqual(
      [refused.result.not_applied, refused.num_tasks, refused.completed_tasks],
      [490, 500, 500],
    );
    assert.equal((await errorFile(service, refused)).trim().split('\n').length, 10);
    assert.equal(await membershipsOf(service, 'user_account_id=u1'), null, 'nobody was made');
  }
  const taken = await run('max_failure_ratio=0.02');
  assert.equal(taken.status, 'SUCCEEDED');
  assert.equal(taken.result.total_success, 490);
  assert.equal((await errorFile(service, taken)).trim().split('\n').length, 10);
});

test('what is asked for in the query must be what it is documented to be', async (t) => {
  const service = await startService(t);
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  for (const query of [
    'dry_run=perhaps',
    'max_failure_ratio=1.1',
    'max_failure_ratio=-1',
    'max_failure_ratio=x',
  ]) {
    const path = `/v1/datamarts/1/document_imports/${documentImportId}/executions?${query}`;
    const answer = await service.call('POST', path, '{}', { 'content-type': 'application/x-ndjson' });
    assert.equal(answer.status, 400, `${query}: ${answer.text}`);
    assert.match(answer.text, /INVALID_REQUEST/);
  }
});
