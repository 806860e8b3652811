import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Answer,
  createImport,
  createSegment,
  dataOf,
  getSegment,
  type MembershipAnswer,
  membershipsOf,
  runFile,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { missing, refused } from './refusals.ts';

type Found = { user: object; known: boolean; user_segments: MembershipAnswer[] };

const PATH = '/v1/datamarts/1/user_segments/search';
const line = (user: object, segment_id: string) =>
  `${JSON.stringify({ operation: 'UPDATE', ...user, segment_id, expiration_duration: 0 })}\n`;

function search(service: TestService, users: readonly object[], segmentIds?: readonly unknown[]) {
  return service.call('POST', PATH, { users, ...(segmentIds ? { segment_ids: segmentIds } : {}) });
}

async function segmentsFound(answer: Promise<Answer>): Promise<(string | null)[]> {
  const found = await dataOf<Found[]>(answer);
  return found.map(({ known, user_segments }) =>
    known ? user_segments.map(({ segment_id }) => segment_id).join(' ') : null,
  );
}

test('users are searched by any identifier, and answered in their order', async (t) => {
  const service = await startService(t);
  const one = await createSegment(service, { name: 'one' });
  const two = await createSegment(service, { name: 'two' });
  const file =
    line({ user_account_id: '42' }, one) +
    line({ user_account_id: '42' }, two) +
    line({ email_hash: 'h' }, two) +
    line({ user_agent_id: 'vec:1' }, one);
  await runFile(service, 'NDJSON', file);
  const [{ user_point_id: point } = { user_point_id: '' }] = await dataOf<{ user_point_id: string }[]>(
    service.call('GET', '/v1/datamarts/1/user_identifiers/email_hash=h'),
  );
  const users = [
    { email_hash: 'h' },
    { user_account_id: 'nobody' },
    { user_account_id: 42 },
    { compartment_id: 1, user_account_id: '42', email_hash: '' },
    { user_agent_id: 'vec:1', compartment_id: null },
    { user_point_id: point },
    { compartment_id: '404', user_account_id: '42' },
  ];
  const all = [two, null, `${one} ${two}`, `${one} ${two}`, one, two, null];
  assert.deepEqual(await segmentsFound(search(service, users)), all);
  const inTwo = [two, null, two, two, '', two, null];
  assert.deepEqual(await segmentsFound(search(service, users, [Number(two), '404'])), inTwo);

  const answer = await search(service, users.slice(0, 2));
  const { data, ...list } = answer.json as { data: Found[] };
  assert.deepEqual(list, { status: 'ok', count: 2, first_result: 0, max_results: 1000, total: 2 });
  const [membership] = (await membershipsOf(service, 'email_hash=h')) ?? [];
  assert.deepEqual(data, [
    { user: { email_hash: 'h' }, known: true, user_segments: [membership] },
    { user: { user_account_id: 'nobody' }, known: false, user_segments: [] },
  ]);
});

test('memberships of a user are filtered by segment in both families of paths', async (t) => {
  const service = await startService(t);
  const segments = [await createSegment(service, { name: 'a' }), await createSegment(service, { name: 'b' })];
  const [one = '', two = ''] = segments;
  await runFile(service, 'NDJSON', segments.map((id) => line({ user_account_id: 'u' }, id)).join(''));
  for (const path of ['user_segments/user_account_id=u', 'user_points/user_account_id=u/user_segments']) {
    const list = async (ids: string) => {
      const answer = await service.call('GET', `/v1/datamarts/1/${path}?segment_ids=${ids}`);
      const { data, total } = answer.json as { data: MembershipAnswer[]; total: number };
      assert.equal(total, data.length);
      return data.map(({ segment_id }) => segment_id);
    };
    assert.deepEqual(await list(two), [two]);
    assert.deepEqual(await list(`${two},${one},404`), [one, two]);
    assert.deepEqual(await list('404'), []);
    assert.deepEqual(await list(''), [one, two]);
    const wrong = service.call('GET', `/v1/datamarts/1/${path}?segment_ids=${one},x`);
    assert.match(await refused(wrong, 400, 'INVALID_REQUEST'), /segment_ids must be ids.*"x"/);
  }
});

test('a search that cannot be understood is refused, and says which user it was', async (t) => {
  const service = await startService(t);
  const wrong: readonly [object, RegExp][] = [
    [{}, /users\[1\]: .* got none/],
    [{ user_account_id: '' }, /users\[1\]: .* got none/],
    [{ user_account_id: 'a', email_hash: 'b' }, /users\[1\]: .* got user_account_id, email_hash/],
    [{ compartment_id: '1', email_hash: 'b' }, /users\[1\]: compartment_id belongs to user_account_id/],
    [{ compartment_id: 'x', user_account_id: 'b' }, /users\[1\]: compartment_id must be an id, got "x"/],
    [{ user_point_id: 'x' }, /users\[1\]: .*UUID/],
  ];
  for (const [user, message] of wrong) {
    const answer = search(service, [{ user_account_id: 'fine' }, user]);
    assert.match(await refused(answer, 400, 'INVALID_SELECTOR'), message);
  }
  const many = Array.from({ length: 1001 }, (_, at) => ({ user_account_id: String(at) }));
  await refused(search(service, many), 400, 'INVALID_REQUEST');
  assert.equal((await segmentsFound(search(service, many.slice(1)))).length, 1000);
  await refused(search(service, []), 400, 'INVALID_REQUEST');
  await refused(search(service, [{ user_account_id: 'a' }], ['x']), 400, 'INVALID_REQUEST');
  await missing(
    service.call('POST', '/v1/datamarts/404/user_segments/search', { users: [{ email_hash: 'h' }] }),
  );
});

test('after SUCCEEDED every look-up sees what was imported', async (t) => {
  const service = await startService(t);
  const segment = await createSegment(service, { name: 'fresh' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  for (let round = 1; round <= 30; round++) {
    const user = { user_account_id: `u${round}` };
    const { status } = await runFile(service, 'NDJSON', line(user, segment), { documentImportId });
    assert.equal(status, 'SUCCEEDED');
    const [alone, [together], counted] = await Promise.all([
      membershipsOf(service, `user_account_id=u${round}`),
      segmentsFound(search(service, [user])),
      getSegment(service, segment),
    ]);
    assert.equal(alone?.length, 1);
    assert.equal(together, segment);
    assert.equal(counted.user_points_count, round);
  }
});
