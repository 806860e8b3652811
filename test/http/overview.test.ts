import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Client,
  clientOf,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  runFile,
  waitForEnd,
} from '../client.ts';
import { startService } from '../helper.ts';

/**
 * What a client needs to show where things stand: whose token it has, the last executions, what one
 * did and how it goes back.
 */

const line = (user: string, segment: string, operation = 'UPDATE') =>
  `${JSON.stringify({ operation, user_account_id: user, segment_id: segment, expiration_duration: 0 })}\n`;

test('a token may ask what it is for, and is not told its value', async (t) => {
  const service = await startService(t);
  const made = await dataOf<{ id: string; value: string }>(
    service.call('POST', '/v1/api_tokens', { name: 'looks', role: 'reader', datamart_ids: ['1'] }),
  );
  const reader = clientOf(service.baseUrl, made.value);
  const current = await dataOf<Record<string, unknown>>(reader.call('GET', '/v1/api_tokens/current'));
  assert.deepEqual(
    [current.id, current.name, current.role, current.datamart_ids, 'value' in current],
    [made.id, 'looks', 'reader', ['1'], false],
  );
});

test('imports are listed with their newest execution when that is asked for', async (t) => {
  const service = await startService(t);
  const segment = await createSegment(service, { name: 's' });
  const used = await createImport(service, { format: 'NDJSON' });
  const unused = await createImport(service, { format: 'CSV' });
  await runFile(service, 'NDJSON', line('a', segment), { documentImportId: used });
  const second = await runFile(service, 'NDJSON', line('b', segment), { documentImportId: used });
  type Listed = { id: string; last_execution?: ExecutionAnswer | null };
  const path = '/v1/datamarts/1/document_imports';
  const listed = await dataOf<Listed[]>(service.call('GET', `${path}?last_execution=true`));
  const last = new Map(listed.map((of) => [of.id, of.last_execution]));
  assert.equal(last.get(used)?.id, second.id);
  assert.equal(last.get(used)?.status, 'SUCCEEDED');
  assert.equal(last.get(unused), null);
  const plain = await dataOf<Listed[]>(service.call('GET', path));
  assert.ok(plain.every((of) => !('last_execution' in of)));
});

test('the executions of a datamart are listed together, whatever they are of', async (t) => {
  const service = await startService(t);
  const segment = await createSegment(service, { name: 's' });
  const file = await runFile(service, 'NDJSON', line('a', segment));
  const lists = `/v1/datamarts/1/audience_segments/${segment}/user_list_imports`;
  const list = await dataOf<{ id: string }>(
    service.call('POST', lists, 'user_account_id\nb\n', { 'content-type': 'text/csv' }),
  );
  const ids = async (query = '') =>
    (await dataOf<{ id: string }[]>(service.call('GET', `/v1/datamarts/1/executions${query}`))).map(
      ({ id }) => id,
    );
  assert.deepEqual(await ids(), [list.id, file.id]);
  assert.deepEqual(await ids('?max_results=1&first_result=1'), [file.id]);
  assert.deepEqual(await ids('?status=FAILED'), []);
  for (const { id } of [file, list]) {
    const found = await dataOf<{ id: string }>(service.call('GET', `/v1/datamarts/1/executions/${id}`));
    assert.equal(found.id, id);
  }
  const other = await dataOf<{ id: string }>(service.call('POST', '/v1/datamarts', { name: 'other' }));
  for (const path of [`${other.id}/executions/${file.id}`, '1/executions/999', '1/executions/x'])
    assert.equal((await service.call('GET', `/v1/datamarts/${path}`)).status, 404, path);
  for (const query of ['status=DONE', 'job_type=EXPORT', 'mode=append', 'from=2&to=2', 'user_id=a'])
    assert.equal((await service.call('GET', `/v1/datamarts/1/executions?${query}`)).status, 400, query);
});

test('the executions of a datamart are found by import, segment, kind, mode, token, file and time', async (t) => {
  const service = await startService(t);
  const segment = await createSegment(service, { name: 's' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const run = (text: string, query?: string) =>
    runFile(service, 'NDJSON', text, { documentImportId, ...(query === undefined ? {} : { query }) });
  const applied = await run(line('a', segment));
  const broken = await run(`${line('b', segment)}{}\n`);
  const dry = await run(line('c', segment), 'dry_run=true');
  const replaced = await run(line('a', segment) + line('b', segment), 'mode=replace');
  const lists = `/v1/datamarts/1/audience_segments/${segment}/user_list_imports`;
  const list = await dataOf<{ id: string; user_id: string }>(
    service.call('POST', lists, 'user_account_id\nb\n', {
      'content-type': 'text/csv',
      'content-disposition': 'attachment; filename="Winter list.csv"',
    }),
  );
  const cases: readonly (readonly [query: string, expected: readonly { readonly id: string }[]])[] = [
    [`document_import_id=${documentImportId}`, [replaced, dry, broken, applied]],
    [`segment_id=${segment}`, [list]],
    ['job_type=USER_SEGMENT_IMPORT,REVERT', [list]],
    ['job_type=DOCUMENT_IMPORT&dry_run=false', [replaced, broken, applied]],
    ['mode=replace', [replaced]],
    ['mode=update&dry_run=true', [dry]],
    ['has_failed_lines=true', [broken]],
    ['file_name=winter', [list]],
    [`user_id=${list.user_id}&max_results=1`, [list]],
    [`user_id=${Number(list.user_id) + 1}`, []],
    [`to=${broken.creation_date}`, [applied].filter((of) => of.creation_date < broken.creation_date)],
    [`from=${Date.now() + 60_000}`, []],
  ];
  for (const [query, expected] of cases) {
    const found = await dataOf<{ id: string }[]>(service.call('GET', `/v1/datamarts/1/executions?${query}`));
    assert.deepEqual(
      found.map(({ id }) => id),
      expected.map(({ id }) => id),
      query,
    );
  }
});

test('an execution tells what it did by segment, and what its revert would do now', async (t) => {
  const service = await startService(t);
  const one = await createSegment(service, { name: 'one', technical_name: 'one' });
  const two = await createSegment(service, { name: 'two' });
  await runFile(service, 'NDJSON', line('a', one) + line('b', one));
  const file = line('a', one, 'DELETE') + line('c', one) + line('c', two) + line('d', two);
  const execution = await runFile(service, 'NDJSON', file);
  const path = pathOf(execution);
  const { segments } = await dataOf<{ segments: unknown[] }>(service.call('GET', `${path}/segment_changes`));
  assert.deepEqual(segments, [
    { segment_id: one, segment_name: 'one', segment_technical_name: 'one', entries: 1, updates: 0, exits: 1 },
    { segment_id: two, segment_name: 'two', segment_technical_name: null, entries: 2, updates: 0, exits: 0 },
  ]);
  await runFile(service, 'NDJSON', line('d', two, 'DELETE'));
  assert.deepEqual(await preview(service, execution), [
    [one, 1, 0, 1, 0, 0],
    [two, 0, 0, 1, 0, 1],
  ]);
});

test('there is no preview of a revert that would be refused, and the reason is the same', async (t) => {
  const service = await startService(t);
  const execution = await runFile(service, 'NDJSON', line('a', 'nosuch'));
  const asked = await service.call('GET', `${pathOf(execution)}/revert_preview`);
  const reverted = await service.call('POST', `${pathOf(execution)}/action`, { action: 'REVERT' });
  assert.equal(asked.status, 409);
  assert.equal((asked.json as { error: string }).error, (reverted.json as { error: string }).error);
});

function pathOf({ id, parameters }: ExecutionAnswer): string {
  return `/v1/datamarts/1/document_imports/${parameters.document_import_id}/executions/${id}`;
}

type Previewed = {
  readonly segment_id: string;
  readonly memberships_created: number;
  readonly memberships_updated: number;
  readonly memberships_deleted: number;
  readonly unchanged: number;
  readonly memberships_kept: number;
};

async function preview(service: Client, execution: ExecutionAnswer) {
  const path = `${pathOf(execution)}/revert_preview`;
  const { segments } = await dataOf<{ segments: Previewed[] }>(service.call('GET', path));
  return segments.map((of) => [
    of.segment_id,
    of.memberships_created,
    of.memberships_updated,
    of.memberships_deleted,
    of.unchanged,
    of.memberships_kept,
  ]);
}

test('activity tells what came in since an instant, by hour, and which segments lost most', async (t) => {
  const service = await startService(t);
  const small = await createSegment(service, { name: 'small', technical_name: 'small' });
  const large = await createSegment(service, { name: 'large' });
  await runFile(service, 'NDJSON', line('a', small) + line('b', large) + line('c', large));
  await runFile(service, 'NDJSON', `${line('a', small, 'DELETE')}{}\n`);
  await runFile(service, 'NDJSON', line('z', small), { query: 'dry_run=true' });
  // a revert has no lines
  const gone = await runFile(service, 'NDJSON', line('y', large));
  const revert = await service.call('POST', `${pathOf(gone)}/action`, { action: 'REVERT' });
  await waitForEnd(service, await dataOf<ExecutionAnswer>(Promise.resolve(revert)));
  const path = '/v1/datamarts/1/activity';
  const activity = await dataOf<{
    executions: unknown;
    hours: { lines_applied: number; lines_failed: number }[];
    segments: unknown[];
  }>(service.call('GET', path));
  assert.deepEqual(activity.executions, {
    total: 5,
    by_status: { PENDING: 0, RUNNING: 0, SUCCEEDED: 5, FAILED: 0, CANCELED: 0 },
    with_failed_lines: 1,
  });
  const sum = (of: 'lines_applied' | 'lines_failed') =>
    activity.hours.reduce((total, hour) => total + hour[of], 0);
  assert.deepEqual([sum('lines_applied'), sum('lines_failed')], [5, 1]);
  assert.ok(activity.hours.length >= 24 && activity.hours.length <= 25);
  const names = { segment_name: 'small', segment_technical_name: 'small' };
  assert.deepEqual(activity.segments, [
    // both runs began in this time: it was empty before the first one
    { segment_id: small, ...names, ...sizes(0, 0), entries: 1, exits: 1 },
    {
      segment_id: large,
      segment_name: 'large',
      segment_technical_name: null,
      ...sizes(0, 2),
      entries: 3,
      exits: 1,
    },
  ]);
  for (const from of [Date.now() - 40 * 24 * 3_600_000, Date.now() + 60_000])
    assert.equal((await service.call('GET', `${path}?from=${from}`)).status, 400);
  assert.equal((await service.call('GET', '/v1/datamarts/404/activity')).status, 404);
});

function sizes(before: number, now: number) {
  return { user_points_count_before: before, user_points_count: now };
}
