import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  clientOf,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  getSegment,
  membershipsOf,
  upload,
  waitForEnd,
} from '../client.ts';
import { startService } from '../helper.ts';
import { makeToken, type World } from './access-world.ts';
import { missing, refused } from './refusals.ts';

const PATH = '/v1/datamarts/1/user_segment_commands';

type Outcome = {
  readonly index: number;
  readonly outcome: 'SUCCESS' | 'FAILURE';
  readonly error_code?: string;
  readonly error_message?: string;
};
type CallAnswer = {
  readonly start_date: number;
  readonly dry_run?: boolean;
  readonly total_success: number;
  readonly total_failure: number;
  readonly failures_by_code: Readonly<Record<string, number>>;
  readonly warnings: Readonly<Record<string, number>>;
  readonly memberships_created: number;
  readonly memberships_updated: number;
  readonly memberships_deleted: number;
  readonly unchanged: number;
  readonly superseded: number;
  readonly user_points_created: number;
  readonly outcomes: readonly Outcome[];
};
type Of = { readonly query?: string; readonly key?: string; readonly path?: string };

/** Sends a body as it is. */
function sendText(client: Client, text: string | Uint8Array, { query = '', key, path = PATH }: Of = {}) {
  return client.call('POST', `${path}${query}`, text, {
    'content-type': 'application/json',
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  });
}

const send = (client: Client, commands: readonly unknown[], of?: Of) =>
  sendText(client, JSON.stringify({ commands }), of);
const apply = (client: Client, commands: readonly unknown[], of?: Of) =>
  dataOf<CallAnswer>(send(client, commands, of));

const put = (user: string, segmentId: string, more: object = {}) => ({
  ...{ operation: 'UPDATE', user_account_id: user, segment_id: segmentId, expiration_duration: 0 },
  ...more,
});
const out = (user: string, segmentId: string) => put(user, segmentId, { operation: 'DELETE' });
const countsOf = (of: CallAnswer) => [
  of.memberships_created,
  of.memberships_updated,
  of.memberships_deleted,
  of.unchanged,
  of.superseded,
  of.user_points_created,
];

test('commands are applied when the answer comes, from top to bottom', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'vip', technical_name: 'vip' });
  const before = Date.now();
  const first = await apply(service, [
    put('ada', segmentId, { data_bag: { k: 1 } }),
    put('bob', 'none', { segment_id: undefined, segment_technical_name: 'vip', expiration_duration: 10 }),
    out('nobody', segmentId),
    put('cy', segmentId),
    out('cy', segmentId),
  ]);
  assert.deepEqual(countsOf(first), [2, 0, 0, 2, 1, 3]);
  assert.deepEqual([first.total_success, first.total_failure], [5, 0]);
  assert.deepEqual(
    first.outcomes,
    [0, 1, 2, 3, 4].map((index) => ({ index, outcome: 'SUCCESS' })),
  );
  assert.ok(first.start_date >= before && first.start_date <= Date.now());
  const [ada] = (await membershipsOf(service, 'user_account_id=ada')) ?? [];
  assert.deepEqual(
    [ada?.segment_id, ada?.creation_ts, ada?.expiration_ts, ada?.data_bag],
    [segmentId, first.start_date, null, '{"k":1}'],
  );
  const [bob] = (await membershipsOf(service, 'user_account_id=bob')) ?? [];
  assert.equal(bob?.expiration_ts, first.start_date + 600_000);
  assert.deepEqual(await membershipsOf(service, 'user_account_id=cy'), []);
  assert.equal(await membershipsOf(service, 'user_account_id=nobody'), null);
  assert.equal((await getSegment(service, segmentId)).user_points_count, 2);

  for (let i = 0; i < 5; i++) {
    await apply(service, [put('order', segmentId, { data_bag: `{"i":${i}}` })]);
    const [of] = (await membershipsOf(service, 'user_account_id=order')) ?? [];
    assert.equal(of?.data_bag, `{"i":${i}}`);
    await apply(service, [out('order', segmentId)]);
    assert.deepEqual(await membershipsOf(service, 'user_account_id=order'), []);
  }
});

test('calls that come together have their own counts, as if each came alone', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const alone = Array.from({ length: 30 }, (_, i) => apply(service, [put(`u${i}`, segmentId), {}]));
  const shared = Array.from({ length: 12 }, () => apply(service, [put('same', segmentId)]));
  for (const answer of await Promise.all(alone)) {
    assert.deepEqual(countsOf(answer), [1, 0, 0, 0, 0, 1]);
    assert.deepEqual(answer.failures_by_code, { INVALID_OPERATION: 1 });
  }
  const created = (await Promise.all(shared)).map((answer) => countsOf(answer).slice(0, 2).join());
  assert.deepEqual(created.sort(), [...Array.from({ length: 11 }, () => '0,1'), '1,0']);
  assert.equal((await getSegment(service, segmentId)).user_points_count, 31);
});

test('a command counts as it is written', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const of = `"operation":"UPDATE","segment_id":${segmentId},"expiration_duration":0`;
  const texts = [
    `{${of},"user_account_id":12345678901234567890}`,
    `{${of},"user_account_id":"twice","data_bag":"{\\"a\\":1}","data_bag":{"n": 10000000000000000001,\n\t"x" :1.0, "n":2}}`,
    `{\r\n  ${of},\n  "user_account_id" : "lines",\n  "data_bag": " {\\"a\\" : 1} "\n}`,
    `{${of},"user_account_id":"odd}],{[\\"","__proto__":{"operation":"DELETE"}}`,
  ];
  const answer = await dataOf<CallAnswer>(
    sendText(service, `\ufeff { "commands": [1], "commands" : [${texts.join(' ,\n')}] }\n`),
  );
  assert.deepEqual([answer.total_success, answer.outcomes.length], [4, 4], JSON.stringify(answer));
  const bagOf = async (user: string) =>
    (await membershipsOf(service, `user_account_id=${encodeURIComponent(user)}`))?.map(
      ({ data_bag }) => data_bag,
    );
  assert.deepEqual(await bagOf('12345678901234567890'), [null]);
  assert.deepEqual(await bagOf('twice'), ['{"n":10000000000000000001,"x":1.0,"n":2}']);
  assert.deepEqual(await bagOf('lines'), [' {"a" : 1} ']);
  assert.deepEqual(await bagOf('odd}],{["'), [null]);
});

test('a command that fails, fails by itself, with the code of a line', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const pausedId = await createSegment(service, { name: 'p', paused: true });
  await dataOf(service.call('PUT', `/v1/audience_segments/${pausedId}`, { paused: true }));
  const cases: readonly (readonly [unknown, string | null])[] = [
    [put('u1', segmentId, { databag: '{}' }), null],
    [put('u2', '404404'), 'UNKNOWN_SEGMENT'],
    [put('u3', segmentId, { operation: 'update' }), 'INVALID_OPERATION'],
    [put('u4', segmentId, { email_hash: 'h' }), 'MULTIPLE_IDENTIFIERS'],
    [put('', segmentId), 'MISSING_IDENTIFIER'],
    [put('', segmentId, { email_hash: 'ada@example.com' }), 'CLEAR_EMAIL'],
    [put('u5', segmentId, { expiration_duration: '7d' }), 'INVALID_EXPIRATION'],
    [put('u6', segmentId, { data_bag: '[]' }), 'INVALID_DATA_BAG'],
    [put('u7', pausedId), 'SEGMENT_PAUSED'],
    [put('u8', segmentId, { compartment_id: '77' }), 'UNKNOWN_COMPARTMENT'],
    [put('half \ud800 pair', segmentId), 'INVALID_ENCODING'],
    [put('u\u0000', segmentId), 'INVALID_ENCODING'],
    [put('deep', segmentId, { note: JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) }), 'INVALID_JSON'],
    [null, 'NOT_AN_OBJECT'],
    ['text', 'NOT_AN_OBJECT'],
    [[put('u9', segmentId)], 'NOT_AN_OBJECT'],
    [7, 'NOT_AN_OBJECT'],
    [put('u10', segmentId), null],
  ];
  const answer = await apply(
    service,
    cases.map(([command]) => command),
  );
  assert.deepEqual(
    answer.outcomes.map(({ outcome, error_code }) => (outcome === 'SUCCESS' ? null : error_code)),
    cases.map(([, code]) => code),
  );
  assert.deepEqual([answer.total_success, answer.total_failure], [2, cases.length - 2]);
  for (const { outcome, error_message } of answer.outcomes)
    assert.equal(outcome === 'FAILURE', (error_message ?? '').length > 0);
  assert.doesNotMatch(JSON.stringify(answer), /ada@example/);
  assert.deepEqual(answer.warnings, { UNKNOWN_FIELD: 1 });
  assert.equal((await getSegment(service, segmentId)).user_points_count, 2);
});

test('what is no list of 1 to 1,000 commands is refused as a whole', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const many = (count: number) => Array.from({ length: count }, (_, i) => put(`u${i}`, segmentId));
  await refused(send(service, many(1_001)), 400, 'INVALID_REQUEST');
  await refused(send(service, []), 400, 'INVALID_REQUEST');
  for (const text of ['{}', '[]', '{"commands":{}}', '{"commands":"x"}', 'null', ''])
    await refused(sendText(service, text), 400, 'INVALID_REQUEST');
  await refused(sendText(service, '{"commands":[{]}'), 400, 'INVALID_JSON_BODY');
  const latin = Buffer.from(JSON.stringify({ commands: [put('Ren\u00e9', segmentId)] }), 'latin1');
  await refused(sendText(service, latin), 400, 'INVALID_JSON_BODY');
  const large = [put('u', segmentId, { note: 'x'.repeat(1024 * 1024) })];
  await refused(send(service, large), 413, 'REQUEST_TOO_LARGE');
  assert.equal((await getSegment(service, segmentId)).user_points_count, 0);
  const most = await apply(service, many(1_000));
  assert.deepEqual(countsOf(most), [1_000, 0, 0, 0, 0, 1_000]);
});

test('editors may, readers may not, and what a token may not see is not found', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const other = await dataOf<{ id: string }>(service.call('POST', '/v1/datamarts', { name: 'other' }));
  const world = { service } as unknown as World;
  const as = async (role: 'admin' | 'editor' | 'reader', datamartIds: readonly string[] | null) =>
    clientOf(service.baseUrl, await makeToken(world, { role, datamartIds }));
  await apply(await as('editor', ['1']), [put('u1', segmentId)]);
  await apply(await as('admin', null), [put('u2', segmentId)]);
  await refused(send(await as('reader', null), [put('u3', segmentId)]), 403, 'FORBIDDEN');
  await missing(send(await as('editor', [other.id]), [put('u3', segmentId)]));
  await missing(send(service, [put('u3', segmentId)], { path: '/v1/datamarts/404/user_segment_commands' }));
  // a segment of another datamart is not known in this one
  const path = `/v1/datamarts/${other.id}/user_segment_commands`;
  const { failures_by_code } = await apply(service, [put('u3', segmentId)], { path });
  assert.deepEqual(failures_by_code, { UNKNOWN_SEGMENT: 1 });
  assert.equal((await getSegment(service, segmentId)).user_points_count, 2);
});

test('the same commands under the same key are applied once', async (t) => {
  let now = Date.UTC(2027, 0, 15);
  const service = await startService(t, { sweepIntervalMs: 100 }, () => now);
  const segmentId = await createSegment(service, { name: 'a' });
  const commands = [put('u1', segmentId), put('u2', '404404')];
  const first = await send(service, commands, { key: 'k1' });
  assert.equal(first.headers.get('idempotent-replayed'), null);
  now += 1_000;
  const again = await send(service, commands, { key: 'k1' });
  assert.equal(again.headers.get('idempotent-replayed'), 'true');
  assert.deepEqual(again.json, first.json);
  const [membership] = (await membershipsOf(service, 'user_account_id=u1')) ?? [];
  assert.equal(membership?.last_modified_ts, now - 1_000);

  await refused(send(service, [put('u1', segmentId)], { key: 'k1' }), 409, 'IDEMPOTENCY_KEY_REUSED');
  const spaced = JSON.stringify({ commands }, null, 1);
  await refused(sendText(service, spaced, { key: 'k1' }), 409, 'IDEMPOTENCY_KEY_REUSED');
  await refused(send(service, commands, { key: 'k1', query: '?note=1' }), 409, 'IDEMPOTENCY_KEY_REUSED');
  await refused(send(service, commands, { key: 'no blanks' }), 400, 'INVALID_REQUEST');

  const raced = await Promise.all(
    Array.from({ length: 10 }, () => send(service, [put('raced', segmentId)], { key: 'k2' })),
  );
  const replayed = raced.filter(({ headers }) => headers.get('idempotent-replayed') === 'true');
  assert.deepEqual([replayed.length, new Set(raced.map(({ text }) => text)).size], [9, 1]);

  // a key is of one datamart
  const other = await dataOf<{ id: string }>(service.call('POST', '/v1/datamarts', { name: 'other' }));
  const path = `/v1/datamarts/${other.id}/user_segment_commands`;
  const elsewhere = await send(service, [put('u1', '1')], { key: 'k1', path });
  assert.equal(elsewhere.headers.get('idempotent-replayed'), null);

  now += 24 * 3_600_000;
  const later = await send(service, commands, { key: 'k1' });
  assert.equal(later.headers.get('idempotent-replayed'), null);
  assert.deepEqual(countsOf((later.json as { data: CallAnswer }).data), [0, 1, 0, 0, 0, 0]);
});

test('a dry run counts what would be done, and does nothing', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'a' });
  await apply(service, [put('u1', segmentId)]);
  const commands = [put('u1', segmentId), put('u2', segmentId), out('u1', segmentId), {}];
  const rehearsed = await apply(service, commands, { query: '?dry_run=true', key: 'k' });
  assert.equal(rehearsed.dry_run, true);
  assert.deepEqual(countsOf(rehearsed), [1, 0, 1, 0, 1, 1]);
  assert.equal(await membershipsOf(service, 'user_account_id=u2'), null);
  assert.equal((await membershipsOf(service, 'user_account_id=u1'))?.length, 1);
  const applied = await send(service, commands, { key: 'k' });
  assert.equal(applied.headers.get('idempotent-replayed'), null, 'a dry run takes no key');
  const { dry_run, start_date, ...counts } = (applied.json as { data: CallAnswer }).data;
  const { dry_run: _, start_date: before, ...would } = rehearsed;
  assert.deepEqual(counts, would);
  assert.ok(dry_run === undefined && start_date >= before);
});

type Change = {
  readonly change: string;
  readonly cause: string | null;
  readonly execution_id: string | null;
  readonly line: number | null;
  readonly date: number;
};

test('changes and origins tell of a command at once, and counts of activity and history have it', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const entered = await apply(service, [{}, put('u1', segmentId)]);
  await sleep(2);
  const updated = await apply(service, [put('u1', segmentId, { data_bag: '{"k":1}' })]);
  const user = '/v1/datamarts/1/user_points/user_account_id=u1';
  const changes = await dataOf<readonly Change[]>(service.call('GET', `${user}/user_segment_changes`));
  assert.deepEqual(
    changes.map(({ change, cause, execution_id, line, date }) => [change, cause, execution_id, line, date]),
    [
      ['UPDATED', 'CALL', null, 1, updated.start_date],
      ['ENTERED', 'CALL', null, 2, entered.start_date],
    ],
  );
  type Origin = Readonly<Record<'entered_by' | 'restored_by' | 'updated_by', Change | null>>;
  const [origin] = await dataOf<readonly Origin[]>(service.call('GET', `${user}/user_segment_origins`));
  assert.deepEqual(
    [origin?.entered_by?.cause, origin?.restored_by, origin?.updated_by?.cause],
    ['CALL', null, 'CALL'],
  );
  await apply(service, [put('u2', segmentId), out('u1', segmentId)]);
  await apply(service, [put('u3', segmentId)], { query: '?dry_run=true' });
  const { segments, hours } = await dataOf<{
    segments: readonly { segment_id: string; entries: number; exits: number }[];
    hours: readonly { lines_applied: number; lines_failed: number }[];
  }>(service.call('GET', '/v1/datamarts/1/activity'));
  const sum = (of: 'lines_applied' | 'lines_failed') => hours.reduce((all, hour) => all + hour[of], 0);
  assert.deepEqual([sum('lines_applied'), sum('lines_failed')], [4, 1]);
  const [active] = segments.filter(({ segment_id }) => segment_id === segmentId);
  assert.deepEqual([active?.entries, active?.exits], [2, 1]);
  const history = `/v1/audience_segments/${segmentId}/history`;
  const { user_points_count } = await dataOf<{ user_points_count: number }>(service.call('GET', history));
  assert.equal(user_points_count, 1);
  // they are of no execution
  const executions = await service.call('GET', `/v1/audience_segments/${segmentId}/executions`);
  assert.equal((executions.json as { total: number }).total, 0);
});

/** A file of so many chunks that calls come between them. */
const LINES = 6_000;

test('commands come between two chunks of a file, whose counts stay its own', async (t) => {
  const service = await startService(t, { chunkRows: 100 });
  const segmentId = await createSegment(service, { name: 'a' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const at = executionsPath({ datamartId: '1', documentImportId });
  const body = Array.from({ length: LINES }, (_, i) => `${JSON.stringify(put(`m${i}`, segmentId))}\n`).join(
    '',
  );
  const sent = await upload(service, { datamartId: '1', documentImportId, format: 'NDJSON', body });
  const now = () => dataOf<ExecutionAnswer>(service.call('GET', `${at}/${sent.id}`));
  while (((await now()).completed_tasks ?? 0) === 0) await sleep(5);

  const last = `m${LINES - 1}`;
  const called = await apply(service, [
    out('m0', segmentId),
    put('m1', segmentId, { data_bag: '{"k":1}' }),
    put(last, segmentId, { data_bag: '{"k":2}' }),
    put('stranger', segmentId),
  ]);
  assert.deepEqual(countsOf(called), [2, 1, 1, 0, 0, 2]);
  assert.deepEqual(await membershipsOf(service, 'user_account_id=m0'), []);
  assert.equal((await now()).status, 'RUNNING', 'the calls did not wait for the file');
  await dataOf(service.call('GET', '/v1/datamarts/1/executions'));

  const ended = await waitForEnd(service, sent);
  const { result } = ended;
  assert.deepEqual(
    [ended.status, result.total_success, result.memberships_created, result.memberships_updated],
    ['SUCCEEDED', LINES, LINES - 1, 1],
  );
  assert.equal((await getSegment(service, segmentId)).user_points_count, LINES);
  const [updated] = (await membershipsOf(service, `user_account_id=${last}`)) ?? [];
  assert.deepEqual(
    [updated?.data_bag, updated?.creation_ts, updated?.last_modified_ts],
    ['{"k":2}', called.start_date, ended.start_date],
  );

  // what was touched by a command after the file stays, and what it made before comes back
  const revert = await dataOf<ExecutionAnswer>(
    service.call('POST', `${at}/${sent.id}/action`, { action: 'REVERT' }),
  );
  const reverted = await waitForEnd(service, revert);
  assert.deepEqual(
    [
      reverted.result.memberships_kept,
      reverted.result.memberships_deleted,
      reverted.result.memberships_updated,
    ],
    [2, LINES - 3, 1],
  );
  assert.deepEqual(await membershipsOf(service, 'user_account_id=m0'), []);
  assert.equal((await membershipsOf(service, 'user_account_id=m1'))?.[0]?.data_bag, '{"k":1}');
  const [back] = (await membershipsOf(service, `user_account_id=${last}`)) ?? [];
  assert.deepEqual([back?.creation_ts, back?.last_modified_ts], [called.start_date, called.start_date]);
  assert.equal((await getSegment(service, segmentId)).user_points_count, 3);
});

test('what a remembered answer says of a command is forgotten when a user is erased', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const commands = [put('u1', segmentId), put('u2', segmentId, { operation: 'secret-id' })];
  const first = await send(service, commands, { key: 'k' });
  const [, failed] = (first.json as { data: CallAnswer }).data.outcomes;
  assert.equal(failed?.error_code, 'INVALID_OPERATION');
  assert.match(failed?.error_message ?? '', /secret-id/, 'or there is nothing to forget');
  await dataOf(service.call('DELETE', '/v1/datamarts/1/user_points/user_account_id=u1'));
  const again = await send(service, commands, { key: 'k' });
  assert.equal(again.headers.get('idempotent-replayed'), 'true');
  assert.doesNotMatch(again.text, /secret-id/);
  const [, replayed] = (again.json as { data: CallAnswer }).data.outcomes;
  assert.equal(replayed?.error_code, 'INVALID_OPERATION');
  assert.equal(await membershipsOf(service, 'user_account_id=u1'), null, 'a replay brings nobody back');
});

test('calls beyond maxCommandCalls are answered 503 with Retry-After, and not applied', async (t) => {
  const service = await startService(t, { maxCommandCalls: 4 });
  const segmentId = await createSegment(service, { name: 'a' });
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, i) => send(service, [put(`u${i}`, segmentId)])),
  );
  const refusals = answers.filter(({ status }) => status === 503);
  assert.ok(refusals.length > 0, 'some were refused');
  for (const { headers, json } of refusals) {
    assert.equal((json as { error_code: string }).error_code, 'COMMANDS_OVERLOADED');
    assert.equal(headers.get('retry-after'), '1');
  }
  const applied = answers.filter(({ status }) => status === 200).length;
  assert.equal(applied + refusals.length, 60);
  assert.equal((await getSegment(service, segmentId)).user_points_count, applied);
  const metrics = (await service.call('GET', '/metrics')).text;
  assert.match(metrics, /muster_command_calls_refused_total\{reason="TOO_MANY"\} [1-9]/);
});

test('create_missing_segments makes segments of the names that valid commands give', async (t) => {
  const service = await startService(t);
  const named = (user: string, name: string, more: object = {}) => ({
    ...{ operation: 'UPDATE', user_account_id: user, segment_technical_name: name, expiration_duration: 0 },
    ...more,
  });
  const commands = [named('u1', 'new'), named('u2', 'other'), named('u3', 'new'), named('', 'none')];
  assert.deepEqual((await apply(service, commands)).failures_by_code, {
    UNKNOWN_SEGMENT: 3,
    MISSING_IDENTIFIER: 1,
  });
  type Made = CallAnswer & {
    readonly segments_created: readonly { segment_id: string | null; technical_name: string }[];
  };
  const query = '?create_missing_segments=true';
  const planned = (await apply(service, commands, { query: `${query}&dry_run=true` })) as Made;
  assert.deepEqual(planned.segments_created, [
    { segment_id: null, technical_name: 'new' },
    { segment_id: null, technical_name: 'other' },
  ]);
  assert.deepEqual(countsOf(planned), [3, 0, 0, 0, 0, 3]);
  assert.equal(await membershipsOf(service, 'user_account_id=u1'), null);

  const raced = await Promise.all(
    ['k1', 'k2', 'k3'].map((key) => apply(service, commands, { query, key }) as Promise<Made>),
  );
  const created = raced.flatMap((each) => each.segments_created);
  assert.deepEqual(created.map(({ technical_name }) => technical_name).sort(), ['new', 'other']);
  assert.equal(
    raced.reduce((sum, each) => sum + each.memberships_created, 0),
    3,
  );
  const [membership] = (await membershipsOf(service, 'user_account_id=u3')) ?? [];
  assert.equal(
    membership?.segment_id,
    created.find(({ technical_name }) => technical_name === 'new')?.segment_id,
  );
  assert.deepEqual(await apply(service, commands, { query, key: 'k1' }), raced[0]);
  const log = await dataOf<readonly { action: string }[]>(
    service.call('GET', '/v1/audit_log?resource_type=segment&action=CREATE'),
  );
  assert.equal(log.length, 2);
});
