import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  runFile,
  upload,
  waitForEnd,
} from '../client.ts';
import { startService } from '../helper.ts';
import { missing, refused } from './refusals.ts';

const START = Date.UTC(2027, 0, 15, 10, 20);

type Change = {
  readonly segment_id: string;
  readonly segment_technical_name: string | null;
  readonly change: string;
  readonly cause: string | null;
  readonly date: number;
  readonly execution_id: string | null;
  readonly document_import_id: string | null;
  readonly input_file_name: string | null;
  readonly input_file_uri?: string;
  readonly reverts_execution_id: string | null;
  readonly line: number | null;
  readonly before: Record<string, unknown> | null;
};

async function start(t: TestContext, chunkRows = 100_000) {
  let now = START;
  const service = await startService(t, { sweepIntervalMs: 3_600_000, chunkRows }, () => now);
  const segmentId = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const changes = async (selector = 'user_account_id=u', query = '') => {
    const path = `/v1/datamarts/1/user_points/${selector}/user_segment_changes?${query}`;
    const { json, text, status } = await service.call('GET', path);
    assert.equal(status, 200, text);
    return json as { data: Change[]; total: number; known_since: number };
  };
  const line = (name: string, more: object = {}) =>
    JSON.stringify({
      ...{ operation: 'UPDATE', user_account_id: name, segment_id: segmentId, expiration_duration: 0 },
      ...more,
    });
  const run = (lines: readonly string[], query = '') =>
    runFile(service, 'NDJSON', lines.join('\n'), { documentImportId, query });
  const wait = (ms: number) => {
    now += ms;
  };
  return { service, segmentId, documentImportId, changes, line, run, wait, now: () => now };
}

async function revert(service: Awaited<ReturnType<typeof start>>['service'], execution: ExecutionAnswer) {
  const { datamart_id, document_import_id } = execution.parameters;
  const of = { datamartId: String(datamart_id), documentImportId: String(document_import_id) };
  const path = `${executionsPath(of)}/${execution.id}/action`;
  return waitForEnd(service, await dataOf(service.call('POST', path, { action: 'REVERT' })));
}

function told({ change, cause, execution_id, line }: Change) {
  return [change, cause, execution_id, line];
}

test('each change of a membership names the execution and the line that did it, the last one first', async (t) => {
  const { service, segmentId, documentImportId, changes, line, run, wait, now } = await start(t);
  const first = await run(['', line('other'), 'no JSON', line('u'), line('u', { data_bag: { k: 1 } })]);
  wait(1000);
  const second = await run([line('u', { expiration_duration: 5 }).replace(',', ',\n')]);
  wait(10 * 60_000);
  const third = await run([line('other'), line('u')]);
  wait(1000);
  const replace = await run([line('other')], 'mode=replace&max_shrink_ratio=1');
  wait(1000);
  const back = await revert(service, replace);
  const listed = await changes();
  assert.equal(listed.known_since, START);
  assert.equal(listed.total, 6);
  assert.deepEqual(listed.data.map(told), [
    ['ENTERED', 'REVERT', back.id, null],
    ['LEFT', 'REPLACE', replace.id, null],
    ['ENTERED', 'COMMAND', third.id, 2],
    ['EXPIRED', 'EXPIRY', null, null],
    ['UPDATED', 'COMMAND', second.id, 1],
    ['ENTERED', 'COMMAND', first.id, 5],
  ]);
  const [reverted, , , expired, updated, entered] = listed.data as [
    ...[Change, Change, Change, Change, Change, Change],
  ];
  assert.equal(reverted.reverts_execution_id, replace.id);
  assert.equal(reverted.input_file_name, null);
  const expiry = START + 1000 + 5 * 60_000;
  assert.equal(expired.date, expiry);
  const was = { creation_ts: START, data_bag: '{"k":1}' };
  assert.deepEqual(expired.before, { ...was, last_modified_ts: START + 1000, expiration_ts: expiry });
  assert.deepEqual(updated.before, { ...was, last_modified_ts: START, expiration_ts: null });
  assert.equal(entered.before, null);
  assert.equal(entered.document_import_id, documentImportId);
  assert.equal(entered.input_file_uri, first.result.input_file_uri);
  assert.equal(entered.segment_technical_name, 'vip');

  assert.equal((await changes('user_account_id=u', 'segment_ids=404')).total, 0);
  assert.equal((await changes('user_account_id=u', `segment_ids=${segmentId}`)).total, 6);
  const page = await changes('user_account_id=u', 'first_result=2&max_results=1');
  assert.deepEqual([page.total, page.data.map(told)], [6, [['ENTERED', 'COMMAND', third.id, 2]]]);

  const account = { kind: 'USER_ACCOUNT', compartmentId: '1', value: 'u' } as const;
  const userPointId = await service.store.findUserPoint('1', { by: 'identifier', identifier: account });
  assert.ok(userPointId);
  const identifier = { kind: 'USER_EMAIL', compartmentId: '0', value: 'hash' } as const;
  await service.store.attachIdentifier({ datamartId: '1', identifier, userPointId, now: now() });
  assert.deepEqual((await changes('email_hash=hash')).data, listed.data);
});

test('an expiry that is still to be swept is the last change', async (t) => {
  const { changes, line, run, wait, service, now } = await start(t);
  await run([line('u', { expiration_duration: 1 })]);
  wait(60_000);
  const before = await changes();
  assert.deepEqual(before.data.map(told), [
    ['EXPIRED', 'EXPIRY', null, null],
    ['ENTERED', 'COMMAND', '1', 1],
  ]);
  await service.store.removeExpired(now());
  assert.deepEqual(await changes(), before);
});

test('lines are those of the file, in chunks, in groups of small files and in CSV', async (t) => {
  const { service, segmentId, documentImportId, changes, line, run } = await start(t, 1000);
  const large = await run(Array.from({ length: 5000 }, (_, i) => line(i === 4321 ? 'u' : `v${i % 900}`)));
  assert.deepEqual((await changes()).data.map(told), [['ENTERED', 'COMMAND', large.id, 4322]]);

  const of = { datamartId: '1', documentImportId, format: 'NDJSON' } as const;
  const bodies = Array.from({ length: 12 }, (_, i) => [line('x'), line(`w${i}`)].join('\n'));
  const small = await Promise.all(bodies.map((body) => upload(service, { ...of, body })));
  for (const each of small) await waitForEnd(service, each);
  for (const [i, each] of small.entries())
    assert.deepEqual((await changes(`user_account_id=w${i}`)).data.map(told), [
      ['ENTERED', 'COMMAND', each.id, 2],
    ]);

  const rows = ['"a\nb"', 'c', '"d"'].map((note, i) => `UPDATE,csv${i},${segmentId},0,${note}`);
  const csv = await runFile(
    service,
    'CSV',
    `operation,user_account_id,segment_id,expiration_ts,note\n${rows.join('\n')}\n`,
  );
  for (const [user, number] of [
    ['csv0', 2],
    ['csv1', 4],
    ['csv2', 5],
  ] as const)
    assert.deepEqual((await changes(`user_account_id=${user}`)).data.map(told), [
      ['ENTERED', 'COMMAND', csv.id, number],
    ]);
});

test('what a removed import did is told without it; strangers and erased users are not found', async (t) => {
  const { service, documentImportId, changes, line, run } = await start(t);
  const { id } = await run([line('u')]);
  const path = `/v1/datamarts/1/document_imports/${documentImportId}`;
  await dataOf(service.call('DELETE', path));
  const [change] = (await changes()).data;
  assert.deepEqual(
    [change?.execution_id, change?.document_import_id, change?.input_file_name, change?.line],
    [id, null, null, 1],
  );
  assert.ok(change && !('input_file_uri' in change));
  const of = (selector: string) =>
    service.call('GET', `/v1/datamarts/1/user_points/${selector}/user_segment_changes`);
  await missing(of('user_account_id=stranger'));
  await refused(of('name=u'), 400, 'INVALID_SELECTOR');
  await dataOf(service.call('DELETE', '/v1/datamarts/1/user_points/user_account_id=u'));
  await missing(of('user_account_id=u'));
});
