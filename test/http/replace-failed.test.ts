import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createImport,
  createSegment,
  getSegment,
  membershipsOf,
  runFile,
  type waitForEnd,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';

const REPLACE = 'mode=replace&max_failure_ratio=1&max_shrink_ratio=1';

/** A failed line, whom it names, and in which of the segments that are replaced they stay. */
type Case = {
  readonly what: string;
  readonly line: (of: { user: string; a: string; b: string; paused: string }) => string;
  readonly stays: readonly ('a' | 'b')[];
};

const object = (user: string, more: object) =>
  JSON.stringify({ operation: 'UPDATE', user_account_id: user, ...more });

const NDJSON: readonly Case[] = [
  {
    what: 'an expiry of no number',
    line: ({ user, a }) => object(user, { segment_id: a, expiration_duration: '7d' }),
    stays: ['a'],
  },
  { what: 'no expiry', line: ({ user, b }) => object(user, { segment_id: b }), stays: ['b'] },
  {
    what: 'a data bag that is a list',
    line: ({ user, a, b }) => object(user, { segment_ids: [a, b], expiration_duration: 0, data_bag: '[1]' }),
    stays: ['a', 'b'],
  },
  {
    what: 'an operation in lower case',
    line: ({ user, a }) => object(user, { operation: 'update', segment_id: a, expiration_duration: 0 }),
    stays: ['a'],
  },
  {
    what: 'an unknown segment beside a known one',
    line: ({ user, a }) => object(user, { segment_ids: [a, '999'], expiration_duration: 0 }),
    stays: ['a', 'b'],
  },
  { what: 'no segment', line: ({ user }) => object(user, { expiration_duration: 0 }), stays: ['a', 'b'] },
  {
    what: 'a deletion from an unknown segment',
    line: ({ user }) => object(user, { operation: 'DELETE', segment_id: '999' }),
    stays: ['a', 'b'],
  },
  {
    what: 'a paused segment and no other',
    line: ({ user, paused }) => object(user, { segment_id: paused, expiration_duration: 0 }),
    stays: [],
  },
  {
    what: 'two identifiers',
    line: ({ user, a }) => object(user, { email_hash: 'h', segment_id: a, expiration_duration: 0 }),
    stays: ['a'],
  },
  {
    what: 'an unknown compartment',
    line: ({ user, a }) => object(user, { compartment_id: '999', segment_id: a, expiration_duration: 0 }),
    stays: ['a'],
  },
  {
    what: 'an address in clear beside the account',
    line: ({ user, a }) => object(user, { email_hash: 'a@b.org', segment_id: a, expiration_duration: 0 }),
    stays: ['a'],
  },
  {
    what: 'a comma after the object',
    line: ({ user, a }) => `${object(user, { segment_id: a, expiration_duration: 0 })},`,
    stays: ['a', 'b'],
  },
  {
    what: 'the second of two objects in a line',
    line: ({ user, a }) =>
      object('nobody', { segment_id: a, expiration_duration: 0 }) + object(user, { segment_id: a }),
    stays: ['a', 'b'],
  },
  {
    what: 'a member without a name',
    line: ({ user }) => `{"user_account_id":"${user}","segment_id":}`,
    stays: ['a', 'b'],
  },
  {
    what: 'objects inside each other beyond what is read',
    line: ({ user }) => `{"note":${'['.repeat(40)}${']'.repeat(40)},"user_account_id":"${user}"}`,
    stays: ['a', 'b'],
  },
  {
    what: 'a line over the limit',
    line: ({ user }) => `{"user_account_id":"${user}","note":"${'x'.repeat(1024 * 1024)}"}`,
    stays: ['a', 'b'],
  },
  {
    what: 'an account that is no text',
    line: ({ a }) => `{"operation":"UPDATE","user_account_id":true,"segment_id":"${a}"}`,
    stays: [],
  },
  { what: 'no JSON', line: ({ user }) => user, stays: [] },
  { what: 'nothing at all', line: () => '', stays: [] },
  // without a line end: the last of the file
  {
    what: 'an object that is cut off',
    line: ({ user, a }) => `{"operation":"UPDATE","user_account_id":"${user}","segment_id":"${a}","expi`,
    stays: ['a', 'b'],
  },
];

const HEADER = 'data_bag,operation,user_account_id,segment_ids,expiration_duration';
const CSV: readonly Case[] = [
  { what: 'an expiry of no number', line: ({ user, a }) => `,UPDATE,${user},${a},7d`, stays: ['a'] },
  { what: 'an operation in lower case', line: ({ user, b }) => `,update,${user},${b},0`, stays: ['b'] },
  {
    what: 'a cell too many at the end',
    line: ({ user, a }) => `,UPDATE,${user},${a},0,x`,
    stays: ['a', 'b'],
  },
  {
    what: 'cells too many before the user',
    line: ({ user, a }) => `{"a":1,"b":2,"c":3},UPDATE,${user},${a},0`,
    stays: ['a', 'b'],
  },
  {
    what: 'an unknown segment beside a known one',
    line: ({ user, a }) => `,UPDATE,${user},"[""${a}"",""999""]",0`,
    stays: ['a', 'b'],
  },
  { what: 'nobody', line: ({ a }) => `,UPDATE,,${a},0`, stays: [] },
  { what: 'a quote that does not close', line: ({ user }) => `,UPDATE,${user},"x`, stays: ['a', 'b'] },
];

for (const [format, cases, header] of [
  ['NDJSON', NDJSON, null],
  ['CSV', CSV, HEADER],
] as const) {
  test(`whom a failed line names stays in what is replaced, ${format}`, async (t) => {
    const service = await startService(t, { chunkRows: 5 });
    const segments = await makeSegments(service);
    const { a, b, paused } = segments;
    const users = cases.map((_, i) => `u${i}`);
    const others = ['stays', 'goes', 'deleted'];
    await runFile(
      service,
      'NDJSON',
      [...users, ...others]
        .map((user) => object(user, { segment_ids: [a, b], expiration_duration: 0 }))
        .join('\n'),
    );
    const good =
      format === 'CSV'
        ? [`,UPDATE,stays,${a},0`, `,DELETE,deleted,${a},`, `,UPDATE,deleted,${a},x`]
        : [
            object('stays', { segment_id: a, expiration_duration: 0 }),
            object('deleted', { operation: 'DELETE', segment_id: a }),
            object('deleted', { segment_id: a, expiration_duration: 'x' }),
          ];
    const lines = cases.map(({ line }, i) => line({ user: users[i] ?? '', a, b, paused }));
    const file = [...(header === null ? [] : [header]), ...good, ...lines].join('\n');

    const query = `${REPLACE}&segment_id=${a},${b}`;
    const dry = await runFile(service, format, file, { query: `${query}&dry_run=true` });
    const real = await runFile(service, format, file, { query });
    assert.equal(real.status, 'SUCCEEDED', JSON.stringify(real));
    const comparable = ({ input_file_uri: _, error_file_uri: __, ...counts }: typeof real.result) => counts;
    assert.deepEqual(comparable(dry.result), comparable(real.result), 'a dry run says what the run does');

    for (const [i, { what, stays }] of cases.entries())
      assert.deepEqual(await segmentsOf(service, users[i] ?? '', segments), stays, what);
    assert.deepEqual(await segmentsOf(service, 'stays', segments), ['a']);
    assert.deepEqual(await segmentsOf(service, 'goes', segments), []);
    assert.deepEqual(await segmentsOf(service, 'deleted', segments), [], 'a command that is valid decides');
    const kept = cases.reduce((sum, { stays }) => sum + stays.length, 0);
    const before = 2 * (users.length + others.length);
    // one stays by its own command, one is deleted by one
    assert.deepEqual([real.result.memberships_kept, real.result.memberships_left], [kept, before - kept - 2]);
  });
}

test('a list of users leaves in whom its failed rows name, whatever they were known by', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const send = async (rows: readonly string[], query: string) => {
    const path = `/v1/datamarts/1/audience_segments/${segmentId}/user_list_imports`;
    const body = `user_account_id,email_hash,expiration_ts\n${rows.join('\n')}\n`;
    const answer = await service.call('POST', `${path}?${query}`, body, { 'content-type': 'text/csv' });
    assert.equal(answer.status, 200, answer.text);
    return endOf(service, `${path}/${(answer.json as { data: { id: string } }).data.id}`);
  };
  await send(['u1,,', ',h2,', 'u3,,', 'u4,,'], '');
  const ended = await send(['u1,,', ',h2,12345', 'u3,,soon'], REPLACE);
  assert.equal(ended.status, 'SUCCEEDED', JSON.stringify(ended));
  assert.deepEqual([ended.result.memberships_kept, ended.result.memberships_left], [2, 1]);
  assert.equal((await getSegment(service, segmentId)).user_points_count, 3);
  assert.deepEqual(await membershipsOf(service, 'user_account_id=u4'), []);
});

test('by default nothing is replaced by a file of which a line fails, nor by less than half', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const run = (lines: readonly string[], query: string) =>
    runFile(service, 'NDJSON', lines.join('\n'), { documentImportId, query });
  const put = (user: string) => object(user, { segment_id: segmentId, expiration_duration: 0 });
  await run(['u1', 'u2', 'u3', 'u4', 'u5', 'u6'].map(put), '');
  const bad = object('u3', { segment_id: segmentId, expiration_duration: -1 });

  for (const dry of ['', '&dry_run=true']) {
    const failing = await run([put('u1'), put('u2'), bad], `mode=replace${dry}`);
    assert.equal(failing.status, 'FAILED');
    assert.equal(
      failing.error?.message,
      'max_failure_ratio is 0, and 1 of 3 commands failed (0.3333), which takes max_failure_ratio=0.3334: nothing of the file was applied',
    );
    const { num_tasks, completed_tasks, result } = failing;
    assert.deepEqual([num_tasks, completed_tasks], [3, 3]);
    assert.deepEqual([result.total_success, result.total_failure, result.not_applied], [0, 1, 2]);

    const shrinking = await run([put('u1'), put('u2')], `mode=replace${dry}`);
    assert.equal(
      shrinking.error?.message,
      `max_shrink_ratio is 0.5, and segment ${segmentId} would go from 6 members to 2 (0.6667 less), which takes max_shrink_ratio=0.6667: nothing of the file was applied`,
    );
    assert.deepEqual([shrinking.num_tasks, shrinking.result.not_applied], [2, 2]);
    assert.deepEqual(
      [shrinking.parameters, failing.parameters].map((of) => [
        (of as Record<string, unknown>).max_failure_ratio,
        (of as Record<string, unknown>).max_shrink_ratio,
      ]),
      [
        [0, 0.5],
        [0, 0.5],
      ],
    );
  }
  assert.equal((await getSegment(service, segmentId)).user_points_count, 6);
  // who is kept is no loss
  const half = await run([put('u1'), put('u2'), bad], 'mode=replace&max_failure_ratio=0.3334');
  assert.equal(half.status, 'SUCCEEDED', JSON.stringify(half));
  assert.deepEqual(half.result.segments, [
    { segment_id: segmentId, size_before: 6, size_after: 3, members_leaving: 3 },
  ]);
  assert.deepEqual([half.num_tasks, half.result.not_applied, half.result.memberships_kept], [3, 0, 1]);
});

async function makeSegments(service: TestService) {
  const [a, b, paused] = [
    await createSegment(service, { name: 'a' }),
    await createSegment(service, { name: 'b' }),
    await createSegment(service, { name: 'paused', paused: true }),
  ];
  return { a, b, paused };
}

async function segmentsOf(service: TestService, user: string, of: { a: string; b: string }) {
  const memberships = await membershipsOf(service, `user_account_id=${user}`);
  const ids = new Set(memberships?.map(({ segment_id }) => segment_id));
  return (['a', 'b'] as const).filter((name) => ids.has(of[name]));
}

async function endOf(service: TestService, path: string) {
  type Ended = Awaited<ReturnType<typeof waitForEnd>>;
  for (;;) {
    const { data } = (await service.call('GET', path)).json as { data: Ended };
    if (data.status !== 'PENDING' && data.status !== 'RUNNING') return data;
  }
}
