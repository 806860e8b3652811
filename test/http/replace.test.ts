import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createImport, createSegment, getSegment, membershipsOf, runFile } from '../client.ts';
import { startService } from '../helper.ts';

function update(user: string, segmentId: string, more: object = {}): string {
  const command = {
    operation: 'UPDATE',
    user_account_id: user,
    segment_id: segmentId,
    expiration_duration: 0,
  };
  return JSON.stringify({ ...command, ...more });
}

function users(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `u${from + i}`);
}

test('afterwards a segment holds exactly the users of the file, and who stays as he was is left alone', async (t) => {
  const service = await startService(t, { chunkRows: 100 });
  const [one, other] = [
    await createSegment(service, { name: 'a' }),
    await createSegment(service, { name: 'b' }),
  ];
  const first = [...users(0, 500).map((user) => update(user, one)), update('u0', other), update('u1', other)];
  await runFile(service, 'NDJSON', first.join('\n'));
  const before = await membershipsOf(service, 'user_account_id=u450');

  const second = [
    ...users(400, 550).map((user) => update(user, one)),
    update('u451', one, { data_bag: '{"k":1}' }),
    JSON.stringify({ operation: 'DELETE', user_account_id: 'u452', segment_id: one }),
  ];
  const query = 'mode=replace&max_shrink_ratio=0.9';
  const dry = await runFile(service, 'NDJSON', second.join('\n'), { query: `${query}&dry_run=true` });
  assert.equal((await getSegment(service, one)).user_points_count, 500);
  const real = await runFile(service, 'NDJSON', second.join('\n'), { query });
  assert.equal(real.status, 'SUCCEEDED', JSON.stringify(real));
  const { input_file_uri: _dry, ...expected } = dry.result;
  const { input_file_uri: _real, ...counts } = real.result;
  assert.deepEqual(counts, expected);
  assert.deepEqual(
    [counts.memberships_created, counts.memberships_updated, counts.memberships_deleted, counts.unchanged],
    [50, 1, 1, 98],
  );
  assert.deepEqual([counts.superseded, counts.memberships_left], [2, 400]);
  assert.deepEqual(counts.segments, [
    { segment_id: one, size_before: 500, size_after: 149, members_leaving: 401 },
  ]);
  assert.equal((await getSegment(service, one)).user_points_count, 149);
  assert.equal((await getSegment(service, other)).user_points_count, 2, 'no command names it');
  assert.deepEqual(await membershipsOf(service, 'user_account_id=u450'), before);
  assert.deepEqual(await membershipsOf(service, 'user_account_id=u399'), []);
});

test('a segment is not emptied unless that was asked for, nor shrunk by more than it may', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const run = (lines: readonly string[], query: string) =>
    runFile(service, 'NDJSON', lines.join('\n'), { documentImportId, query });
  await run(
    users(0, 10).map((user) => update(user, segmentId)),
    '',
  );
  const size = async () => (await getSegment(service, segmentId)).user_points_count;
  const remove = JSON.stringify({ operation: 'DELETE', user_account_id: 'u1', segment_id: segmentId });
  const reasons: [lines: string[], query: string, reason: RegExp][] = [
    [['no JSON'], 'mode=replace', /no command of the file is valid/],
    [
      ['no JSON'],
      `mode=replace&segment_id=${segmentId}&max_failure_ratio=1`,
      /from 10 members to 0 \(1\.0000 less\), which takes max_shrink_ratio=1/,
    ],
    [[remove], 'mode=replace', /from 10 members to 0 \(1\.0000 less\), which takes max_shrink_ratio=1/],
    [
      users(0, 6).map((user) => update(user, segmentId)),
      'mode=replace&max_shrink_ratio=0.3',
      /^max_shrink_ratio is 0\.3, and segment \d+ would go from 10 members to 6 \(0\.4000 less\)/,
    ],
    [
      [update('u1', segmentId), 'no JSON'],
      'mode=replace&max_failure_ratio=0.4',
      /^max_failure_ratio is 0\.4/,
    ],
  ];
  for (const [lines, query, reason] of reasons) {
    const refused = await run(lines, query);
    assert.equal(refused.status, 'FAILED');
    assert.match(refused.error?.message ?? '', reason);
    assert.match(refused.error?.message ?? '', /nothing of the file was applied$/);
    assert.equal(await size(), 10);
  }
  const emptied = await run([remove], `mode=replace&segment_id=${segmentId}&max_shrink_ratio=1`);
  assert.equal(emptied.status, 'SUCCEEDED', JSON.stringify(emptied));
  assert.deepEqual([emptied.result.memberships_deleted, emptied.result.memberships_left], [1, 9]);
  assert.equal(await size(), 0);
});

test('a list of users replaces its segment', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const path = `/v1/datamarts/1/audience_segments/${segmentId}/user_list_imports`;
  const send = async (list: readonly string[], query: string) => {
    const body = `user_account_id\n${list.join('\n')}\n`;
    const answer = await service.call('POST', `${path}?${query}`, body, { 'content-type': 'text/csv' });
    assert.equal(answer.status, 200, answer.text);
    const { id } = (answer.json as { data: { id: string } }).data;
    for (;;) {
      const { data } = (await service.call('GET', `${path}/${id}`)).json as { data: { status: string } };
      if (data.status !== 'PENDING' && data.status !== 'RUNNING') return data.status;
    }
  };
  assert.equal(await send(['a', 'b'], ''), 'SUCCEEDED');
  assert.equal(await send(['b', 'c', 'd'], 'mode=replace'), 'SUCCEEDED');
  assert.deepEqual(await membershipsOf(service, 'user_account_id=a'), []);
  assert.equal((await getSegment(service, segmentId)).user_points_count, 3);
});

test('what does not go together is refused before the file is read', async (t) => {
  const service = await startService(t);
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const query = await createSegment(service, { name: 'q', type: 'USER_QUERY' });
  const refused: [query: string, status: number, text: RegExp][] = [
    ['segment_id=1', 400, /segment_id is for mode=replace/],
    ['max_shrink_ratio=0.5', 400, /max_shrink_ratio is for mode=replace/],
    ['mode=swap', 400, /INVALID_REQUEST/],
    ['mode=replace&segment_id=404', 404, /Resource Not Found/],
    [`mode=replace&segment_id=${query}`, 400, /SEGMENT_NOT_IMPORTABLE/],
  ];
  for (const [asked, status, text] of refused) {
    const path = `/v1/datamarts/1/document_imports/${documentImportId}/executions?${asked}`;
    const answer = await service.call('POST', path, '{}', { 'content-type': 'application/x-ndjson' });
    assert.equal(answer.status, status, `${asked}: ${answer.text}`);
    assert.match(answer.text, text);
  }
});
