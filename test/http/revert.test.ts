import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createImport,
  createSegment,
  type ExecutionAnswer,
  executionsPath,
  getExecution,
  membershipsOf,
  runFile,
  upload,
  waitForEnd,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';

type Line = readonly [user: string, segmentId: string, more?: object];

function file(lines: readonly Line[]): string {
  return lines
    .map(([user, segment_id, more]) =>
      JSON.stringify({
        ...{ operation: 'UPDATE', user_account_id: user, segment_id, expiration_duration: 0 },
        ...more,
      }),
    )
    .join('\n');
}

const OUT = { operation: 'DELETE' };

/** Calls an action on an execution. */
async function act(service: TestService, execution: ExecutionAnswer, action: string) {
  const { datamart_id, document_import_id } = execution.parameters;
  const of = { datamartId: String(datamart_id), documentImportId: String(document_import_id) };
  return service.call('POST', `${executionsPath(of)}/${execution.id}/action`, { action });
}

async function revert(service: TestService, execution: ExecutionAnswer): Promise<ExecutionAnswer> {
  const answer = await act(service, execution, 'REVERT');
  assert.equal(answer.status, 200, answer.text);
  const ended = await waitForEnd(service, (answer.json as { data: ExecutionAnswer }).data);
  assert.equal(ended.status, 'SUCCEEDED', JSON.stringify(ended));
  return ended;
}

function countsOf({ result }: ExecutionAnswer) {
  return {
    created: result.memberships_created,
    updated: result.memberships_updated,
    deleted: result.memberships_deleted,
    unchanged: result.unchanged,
    kept: result.memberships_kept,
  };
}

async function stateOf(service: TestService, users: readonly string[]) {
  return Promise.all(users.map((user) => membershipsOf(service, `user_account_id=${user}`)));
}

for (const [name, config] of [
  ['in one batch', {}],
  ['in several batches', { chunkRows: 100 }],
] as const) {
  test(`what an execution did ${name} goes back, instants and data bags too, and a revert can be reverted`, async (t) => {
    const service = await startService(t, config);
    const [one, other] = [
      await createSegment(service, { name: 'a' }),
      await createSegment(service, { name: 'b' }),
    ];
    const many = Array.from({ length: 150 }, (_, i): Line => [`m${i}`, one]);
    const users = ['stays', 'leaves', 'comes', 'twice', 'elsewhere', 'm0', 'm149'];
    const first: Line[] = [
      ['stays', one, { data_bag: '{"k":1}', expiration_ts: 9_000_000_000_000 }],
      ['leaves', one],
      ['twice', one],
      ['elsewhere', other],
    ];
    await runFile(service, 'NDJSON', file(first));
    const before = await stateOf(service, users);
    const second: Line[] = [
      ['stays', one, { data_bag: '{}' }],
      ['leaves', one, OUT],
      ['comes', one],
      ['twice', one, OUT],
      ...many,
      ['twice', one, { data_bag: '{"k":2}' }],
      ['nobody', one, OUT],
    ];
    const execution = await runFile(service, 'NDJSON', file(second));
    const after = await stateOf(service, users);

    const undone = await revert(service, execution);
    // user points stay, without memberships
    const wanted = before.map((memberships) => memberships ?? []);
    assert.deepEqual(await stateOf(service, users), wanted);
    assert.deepEqual(countsOf(undone), { created: 1, updated: 2, deleted: 151, unchanged: 0, kept: 0 });
    assert.equal(undone.reverts_execution_id, execution.id);
    assert.equal(undone.job_type, 'REVERT');
    assert.equal((await getExecution(service, execution)).reverted_by_execution_id, undone.id);
    assert.equal(undone.num_tasks, undone.result.total_success);

    await revert(service, undone);
    assert.deepEqual(await stateOf(service, users), after);
  });
}

test('what was touched since is kept, and counted', async (t) => {
  const service = await startService(t, { sweepIntervalMs: 100 });
  const segmentId = await createSegment(service, { name: 'a' });
  const expiresAt = Date.now() + 1500;
  const execution = await runFile(
    service,
    'NDJSON',
    file([
      ['changed later', segmentId],
      ['out later', segmentId],
      ['untouched', segmentId],
      ['expires', segmentId, { expiration_ts: expiresAt }],
      ['erased', segmentId],
    ]),
  );
  const later = await runFile(
    service,
    'NDJSON',
    file([
      ['changed later', segmentId, { data_bag: '{"k":1}' }],
      ['out later', segmentId, OUT],
    ]),
  );
  const erased = await service.call('DELETE', '/v1/datamarts/1/user_points/user_account_id=erased');
  assert.equal(erased.status, 200, erased.text);
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, expiresAt + 300 - Date.now())));
  const state = await stateOf(service, ['changed later', 'out later']);

  const undone = await revert(service, execution);
  assert.deepEqual(countsOf(undone), { created: 0, updated: 0, deleted: 1, unchanged: 0, kept: 3 });
  assert.deepEqual(await stateOf(service, ['changed later', 'out later']), state);
  assert.deepEqual(await stateOf(service, ['untouched', 'expires', 'erased']), [[], [], null]);
  await revert(service, later);
  assert.equal((await stateOf(service, ['changed later']))[0]?.[0]?.data_bag, null);
});

test('files that ran as a group are reverted one by one, and so is a replacement', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const send = (lines: readonly Line[], query = '') =>
    upload(service, { datamartId: '1', documentImportId, format: 'NDJSON', body: file(lines), query });
  const users = ['u0', 'u1', 'u2', 'u3', 'u4', 'u5'];
  const sent = await Promise.all(users.map((user) => send([[user, segmentId]])));
  const ended = await Promise.all(sent.map((execution) => waitForEnd(service, execution)));
  await revert(service, ended[2] as ExecutionAnswer);
  const isIn = async () =>
    (await stateOf(service, users)).map((memberships) => (memberships ?? []).length).join('');
  assert.equal(await isIn(), '110111');
  const replaced = await waitForEnd(
    service,
    await send([['u1', segmentId]], 'mode=replace&max_shrink_ratio=1'),
  );
  assert.equal(replaced.status, 'SUCCEEDED');
  assert.equal(await isIn(), '010000');
  await revert(service, replaced);
  assert.equal(await isIn(), '110111');
});

test('what cannot be reverted is refused with 409, and says why', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const refuse = async (execution: ExecutionAnswer, reason: RegExp) => {
    const answer = await act(service, execution, 'REVERT');
    assert.equal(answer.status, 409, answer.text);
    assert.match(answer.text, reason);
  };
  const dry = await runFile(service, 'NDJSON', file([['u', segmentId]]), { query: 'dry_run=true' });
  await refuse(dry, /changed no membership/);
  await refuse(await runFile(service, 'NDJSON', file([['u', segmentId, OUT]])), /changed no membership/);
  const done = await runFile(service, 'NDJSON', file([['u', segmentId]]));
  await revert(service, done);
  await refuse(done, /reverted already/);
  const old = await runFile(service, 'NDJSON', file([['v', segmentId]]));
  await service.store.removeChangesBefore(Date.now() + 1);
  await refuse(old, /no longer stored/);
  const answer = await act(service, old, 'REPEAT');
  assert.equal(answer.status, 400, answer.text);
  assert.match(answer.text, /action must be CANCEL or REVERT/);
});
