import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSegment, membershipsOf, runFile } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { refused } from './refusals.ts';

const line = (user: string, segment: string) =>
  `{"operation":"UPDATE","user_account_id":"${user}","segment_id":"${segment}","expiration_duration":0}\n`;

async function refusedSoFar({ baseUrl }: TestService, reason: string): Promise<number> {
  const text = await (await fetch(`${baseUrl}/metrics`)).text();
  const match = new RegExp(`^muster_lookups_refused_total\\{reason="${reason}"\\} (\\d+)$`, 'm').exec(text);
  return Number(match?.[1]);
}

const LOOK_UPS: readonly (readonly [string, (service: TestService) => ReturnType<TestService['call']>])[] = [
  [
    'memberships',
    // with a query: others are mostly answered without a place
    (service) =>
      service.call('GET', '/v1/datamarts/1/user_points/user_account_id=a/user_segments?segment_ids=1'),
  ],
  ['identifiers', (service) => service.call('GET', '/v1/datamarts/1/user_identifiers/user_account_id=a')],
  [
    'changes',
    (service) => service.call('GET', '/v1/datamarts/1/user_points/user_account_id=a/user_segment_changes'),
  ],
  [
    'many users',
    (service) =>
      service.call('POST', '/v1/datamarts/1/user_segments/search', {
        // so many that others have their turn meanwhile
        users: Array.from({ length: 1000 }, () => ({ user_account_id: 'a' })),
      }),
  ],
];

for (const [name, ask] of LOOK_UPS) {
  test(`look-ups of ${name} beyond maxLookups are answered 503 with Retry-After, and nothing else is`, async (t) => {
    const service = await startService(t, { maxLookups: 1 });
    const segment = await createSegment(service, { name: 's' });
    await runFile(service, 'NDJSON', line('a', segment));
    const before = await refusedSoFar(service, 'TOO_MANY');
    let bad = 0;
    // each round a few at the same moment: one of them is taken
    for (let round = 0; round < 50 && bad === 0; round++) {
      const [answers, health, metrics, list] = await Promise.all([
        Promise.all(Array.from({ length: 20 }, () => ask(service))),
        service.call('GET', '/health/ready'),
        service.call('GET', '/metrics'),
        service.call('GET', '/v1/audience_segments?datamart_id=1'),
      ]);
      assert.deepEqual([health.status, metrics.status, list.status], [200, 200, 200]);
      assert.ok(
        answers.some(({ status }) => status === 200),
        'some are answered',
      );
      for (const answer of answers.filter(({ status }) => status !== 200)) {
        bad++;
        const text = await refused(Promise.resolve(answer), 503, 'LOOKUPS_OVERLOADED');
        assert.match(text, /at most 1 look-ups .*\(maxLookups\)/);
        assert.equal(answer.headers.get('retry-after'), '1');
      }
    }
    assert.ok(bad > 0, 'some are refused');
    assert.ok((await refusedSoFar(service, 'TOO_MANY')) - before >= bad);
    assert.equal((await ask(service)).status, 200);
    assert.equal((await membershipsOf(service, 'user_account_id=a'))?.length, 1);
  });
}

test('the description of the API says that look-ups may be answered 503, and when to come back', async (t) => {
  const service = await startService(t);
  const { paths } = (await service.call('GET', '/openapi.json')).json as {
    paths: Record<string, Record<string, { responses: Record<string, { headers?: object }> }>>;
  };
  const lookUps = Object.entries(paths).filter(([path]) =>
    /\/(?:(?:user_segments|user_identifiers|user_points)\/\{selector\}|user_segments\/search)$/.test(path),
  );
  assert.equal(lookUps.length, 4, Object.keys(paths).join(' '));
  for (const [path, { get, post }] of lookUps) {
    const answer = (get ?? post)?.responses['503'];
    assert.ok(answer?.headers !== undefined && 'Retry-After' in answer.headers, path);
  }
});
