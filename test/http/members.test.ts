import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSegment, dataOf, runFile } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { missing, refused } from './refusals.ts';

type MemberAnswer = {
  user_point_id: string;
  expiration_ts: number | null;
  data_bag: string | null;
  user_identifiers: { type: string; user_account_id?: string; hash?: string; compartment_id?: string }[];
};
type MembersPage = { data: MemberAnswer[]; count: number; total: number; after: string | null };

const HOUR_MS = 3_600_000;
const line = (command: object) => `${JSON.stringify({ operation: 'UPDATE', ...command })}\n`;

async function page(service: TestService, path: string): Promise<MembersPage> {
  const { status, text, json } = await service.call('GET', path);
  assert.equal(status, 200, text);
  return json as MembersPage;
}

test('members are listed once each while others come and go between the pages', async (t) => {
  const service = await startService(t);
  const segment_id = await createSegment(service, { name: 'members' });
  const command = (user: string, more: object) =>
    line({ user_account_id: user, segment_id, expiration_duration: 0, ...more });
  const names = (prefix: string) => Array.from({ length: 60 }, (_, at) => `${prefix}${at}`);
  await runFile(
    service,
    'NDJSON',
    [...names('stay'), ...names('go')].map((name) => command(name, {})).join(''),
  );

  const seen: string[] = [];
  let after: string | null = null;
  let pages = 0;
  do {
    const cursor: string = after === null ? '' : `&after=${after}`;
    const got: MembersPage = await page(
      service,
      `/v1/audience_segments/${segment_id}/members?max_results=25${cursor}`,
    );
    assert.equal(got.count, got.data.length);
    seen.push(...got.data.map(({ user_identifiers: [first] }) => first?.user_account_id ?? ''));
    after = got.after;
    pages += 1;
    if (pages === 2) {
      const leave = names('go').map((name) => command(name, { operation: 'DELETE' }));
      const come = names('come').map((name) => command(name, {}));
      await runFile(service, 'NDJSON', [...leave, ...come].join(''));
    }
  } while (after !== null);
  assert.equal(new Set(seen).size, seen.length, 'nobody is shown twice');
  assert.deepEqual(seen.filter((name) => name.startsWith('stay')).sort(), names('stay').sort());
  const all = await page(service, `/v1/audience_segments/${segment_id}/members?max_results=1000`);
  assert.deepEqual([all.total, all.count, all.after], [120, 120, null]);
  const points = all.data.map(({ user_point_id }) => user_point_id);
  assert.deepEqual(points, [...points].sort());
});

test('a member is shown with expiry, data bag and identifiers; who has expired is not', async (t) => {
  const service = await startService(t);
  const segment_id = await createSegment(service, { name: 'members' });
  const soon = Date.now() + 1_500;
  const later = soon + HOUR_MS;
  await runFile(
    service,
    'NDJSON',
    line({ email_hash: 'h"\n', segment_id, expiration_ts: later, data_bag: '{"k":1}' }) +
      line({ user_account_id: 'u', segment_id, expiration_ts: soon }),
  );
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, soon - Date.now()) + 5));
  const { data, total } = await page(service, `/v1/audience_segments/${segment_id}/members`);
  assert.equal(total, 1);
  const [member] = data;
  const { creation_ts: _, ...identifier } = (member?.user_identifiers[0] ?? {}) as { creation_ts?: number };
  assert.deepEqual(identifier, { type: 'USER_EMAIL', hash: 'h"\n' });
  assert.deepEqual([member?.expiration_ts, member?.data_bag], [later, '{"k":1}']);
  const path = `/v1/audience_segments/${segment_id}/members`;
  assert.match(
    await refused(service.call('GET', `${path}?after=x`), 400, 'INVALID_REQUEST'),
    /after must be/,
  );
  await refused(service.call('GET', `${path}?first_result=50`), 400, 'INVALID_REQUEST');
  await missing(service.call('GET', '/v1/audience_segments/404/members'));
});

test('the forecast counts who leaves in 1, 7, 30 and 90 days', async (t) => {
  const service = await startService(t);
  const segment_id = await createSegment(service, { name: 'members' });
  const days = [0.5, 3, 6, 20, 60, 89, 100, 200];
  const commands = days.map((day, at) =>
    line({ user_account_id: `${at}`, segment_id, expiration_duration: Math.round(day * 24 * 60) }),
  );
  const never = line({ user_account_id: 'never', segment_id, expiration_duration: 0 });
  await runFile(service, 'NDJSON', commands.join('') + never);
  const forecast = await dataOf<{
    date: number;
    user_points_count: number;
    expirations: { days: number; until: number; user_points_count: number }[];
  }>(service.call('GET', `/v1/audience_segments/${segment_id}/expirations`));
  assert.equal(forecast.user_points_count, 9);
  assert.deepEqual(
    forecast.expirations.map(({ days: within, user_points_count }) => [within, user_points_count]),
    [
      [1, 1],
      [7, 3],
      [30, 4],
      [90, 6],
    ],
  );
  for (const { days: within, until } of forecast.expirations)
    assert.equal(until - forecast.date, within * 24 * HOUR_MS);
});

test('overlaps of segments are counted exactly, of live members alone', async (t) => {
  const service = await startService(t);
  const segments: string[] = [];
  // more than one word of bits
  for (let at = 0; at < 70; at++) segments.push(await createSegment(service, { name: `s${at}` }));
  const at = (place: number) => segments[place] ?? '';
  const put = (user: string, places: readonly number[]) =>
    line({ user_account_id: user, segment_ids: places.map(at), expiration_duration: 0 });
  const soon = Date.now() + 1_500;
  const file =
    put('a', [0, 1, 69]) +
    put('b', [0, 69]) +
    put('c', [1]) +
    put('d', [0, 1]) +
    line({ user_account_id: 'c', segment_id: at(0), expiration_ts: soon }) +
    put('e', [0, 2, 64]);
  assert.equal((await runFile(service, 'NDJSON', file)).result.total_failure, 0);
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, soon - Date.now()) + 5));
  type Overlaps = {
    segments: { segment_id: string; segment_size: number }[];
    overlaps: { segment_source_id: string; segment_intersect_with: string; overlap_number: number }[];
  };
  const of = (ids: readonly string[]) =>
    service.call('GET', `/v1/datamarts/1/segment_overlaps?segment_ids=${ids.join(',')}`);
  const { segments: sizes, overlaps } = await dataOf<Overlaps>(of(segments));
  assert.equal(overlaps.length, (70 * 69) / 2);
  const found = overlaps
    .filter(({ overlap_number }) => overlap_number > 0)
    .map((o) => [
      segments.indexOf(o.segment_source_id),
      segments.indexOf(o.segment_intersect_with),
      o.overlap_number,
    ]);
  assert.deepEqual(found, [
    [0, 1, 2],
    [0, 2, 1],
    [0, 64, 1],
    [0, 69, 2],
    [1, 69, 1],
    [2, 64, 1],
  ]);
  assert.deepEqual(
    [0, 1, 2, 3].map((place) => sizes.find(({ segment_id }) => segment_id === at(place))?.segment_size),
    [4, 3, 1, 0],
  );
  const few = await dataOf<Overlaps>(of([at(69), at(0)]));
  assert.deepEqual(few.overlaps, [
    { segment_source_id: at(69), segment_intersect_with: at(0), overlap_number: 2 },
  ]);
  await refused(of([at(0), at(0)]), 400, 'INVALID_REQUEST');
  await refused(of([at(0), 'x']), 400, 'INVALID_REQUEST');
  await refused(of(Array.from({ length: 101 }, (_, n) => String(n + 1))), 400, 'INVALID_REQUEST');
  await missing(of([at(0), '404']));
});
