import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Config } from '../../src/config.ts';
import {
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  getSegment,
  runFile,
  runs,
  waitForEnd,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { missing, refused } from './refusals.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** 2027-01-15 10:20 UTC. */
const START = Date.UTC(2027, 0, 15, 10, 20);

type Bucket = {
  readonly from: number;
  readonly to: number;
  readonly user_points_count: number;
  readonly entries: number;
  readonly updates: number;
  readonly exits: number;
  readonly expirations: number;
};
type History = {
  readonly date: number;
  readonly interval: string;
  readonly time_zone: string;
  readonly known_since: number;
  readonly user_points_count: number;
  readonly history: readonly Bucket[];
};

/** A service whose clock stands still between the steps of a test, and a segment of it. */
async function start(t: TestContext, overrides: Partial<Config> = {}) {
  let now = START;
  const service = await startService(t, { sweepIntervalMs: 3_600_000, ...overrides }, () => now);
  const segmentId = await createSegment(service, { name: 'vip', technical_name: 'vip' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const path = `/v1/audience_segments/${segmentId}`;
  return {
    service,
    segmentId,
    documentImportId,
    wait: (ms: number) => {
      now += ms;
    },
    now: () => now,
    run: (lines: readonly object[], query = '') =>
      runFile(
        service,
        'NDJSON',
        lines
          .map((line) =>
            JSON.stringify({
              ...{ operation: 'UPDATE', segment_id: segmentId, expiration_duration: 0 },
              ...line,
            }),
          )
          .join('\n'),
        { documentImportId, query },
      ),
    history: (query = '') => dataOf<History>(service.call('GET', `${path}/history?${query}`)),
    path,
  };
}

async function revert(service: TestService, execution: ExecutionAnswer): Promise<ExecutionAnswer> {
  const { datamart_id, document_import_id } = execution.parameters;
  const of = { datamartId: String(datamart_id), documentImportId: String(document_import_id) };
  const path = `${executionsPath(of)}/${execution.id}/action`;
  const made = await dataOf<ExecutionAnswer>(service.call('POST', path, { action: 'REVERT' }));
  const ended = await waitForEnd(service, made);
  assert.equal(ended.status, 'SUCCEEDED', JSON.stringify(ended));
  return ended;
}

function user(name: string, more: object = {}): object {
  return { user_account_id: name, ...more };
}
const OUT = { operation: 'DELETE' };

function countsOf(bucket: Bucket | undefined): readonly number[] {
  const { entries, updates, exits, expirations, user_points_count } = bucket as Bucket;
  return [entries, updates, exits, expirations, user_points_count];
}

test('each hour has what came in, changed, left and expired in it, and the size at its end', async (t) => {
  const { run, wait, history, service, now } = await start(t);
  await run([user('a'), user('b', { expiration_duration: 90 }), user('c', { expiration_duration: 60 })]);
  wait(HOUR);
  await run([user('a', { data_bag: '{"k":1}' }), user('d'), user('stranger', OUT)]);
  wait(2 * HOUR);
  // met by an execution, and swept: b; not swept yet: c
  await run([user('b'), user('d', OUT)]);
  const told = await history('interval=hour');
  const at = Date.UTC(2027, 0, 15, 10);
  assert.equal(told.known_since, START);
  assert.deepEqual(
    told.history.map(({ from, to }) => [from, to]),
    [
      [START, at + HOUR],
      [at + HOUR, at + 2 * HOUR],
      [at + 2 * HOUR, at + 3 * HOUR],
      [at + 3 * HOUR, now()],
    ],
  );
  assert.deepEqual(told.history.map(countsOf), [
    [3, 0, 0, 0, 3],
    [1, 1, 2, 2, 2],
    [0, 0, 0, 0, 2],
    [1, 0, 1, 0, 2],
  ]);
  assert.equal(told.user_points_count, 2);
  await service.store.removeExpired(now());
  assert.deepEqual((await history('interval=hour')).history, told.history, 'a sweep changes nothing');

  const part = await history(`interval=hour&from=${at + HOUR + 1}&to=${at + 2 * HOUR}`);
  assert.deepEqual(part.history, told.history.slice(1, 2));
});

test('days are those of the time zone of the datamart, and have as many hours as they have', async (t) => {
  const { run, wait, history, service } = await start(t);
  await dataOf(service.call('PUT', '/v1/datamarts/1', { time_zone: 'Europe/Paris' }));
  await run([user('a')]);
  wait(Date.UTC(2027, 2, 28, 22, 30) - START);
  await run([user('b')]);
  const told = await history();
  assert.deepEqual([told.interval, told.time_zone], ['day', 'Europe/Paris']);
  assert.equal(told.history.length, 32);
  const [before, changing, last] = told.history.slice(-3) as [Bucket, Bucket, Bucket];
  assert.deepEqual([before.from, before.to], [Date.UTC(2027, 2, 26, 23), Date.UTC(2027, 2, 27, 23)]);
  assert.deepEqual([changing.from, changing.to], [Date.UTC(2027, 2, 27, 23), Date.UTC(2027, 2, 28, 22)]);
  assert.equal(last.from, Date.UTC(2027, 2, 28, 22));
  assert.deepEqual(
    [before, changing, last].map(({ entries, user_points_count }) => [entries, user_points_count]),
    [
      [0, 1],
      [0, 1],
      [1, 2],
    ],
  );
});

test('what is not remembered any more is not told, and an erased user is in no size', async (t) => {
  const { run, wait, history, service, now } = await start(t);
  await run([user('a'), user('b'), user('gone')]);
  wait(DAY);
  await run([user('a', OUT), user('c'), user('gone')]);
  wait(DAY);
  const forgotten = now() - DAY - HOUR;
  await service.store.removeChangesBefore(forgotten);
  const told = await history('interval=hour');
  assert.equal(told.known_since, forgotten);
  assert.equal(told.history[0]?.from, forgotten);
  assert.equal(told.history[0]?.user_points_count, 3);
  const sizes = (bucket: History) => bucket.history.map((each) => each.user_points_count);
  await dataOf(service.call('DELETE', '/v1/datamarts/1/user_points/user_account_id=gone'));
  assert.deepEqual(
    sizes(await history('interval=hour')),
    sizes(told).map((size) => size - 1),
  );
  assert.deepEqual((await history(`interval=hour&to=${forgotten - HOUR}&from=${START - DAY}`)).history, []);
  assert.deepEqual((await history(`from=${now() + 1}`)).history, []);
});

test('it is bounded, and refuses what it cannot tell', async (t) => {
  const { service, path, wait, history } = await start(t);
  const get = (query: string) => service.call('GET', `${path}/history?${query}`);
  const text = await refused(get('interval=hour&from=0'), 400, 'INVALID_REQUEST');
  assert.match(text, /at most 1000 hours apart, got 0 and/);
  assert.match(
    await refused(get('from=5&to=5'), 400, 'INVALID_REQUEST'),
    /from must be before to, got 5 and 5/,
  );
  await refused(get('interval=week'), 400, 'INVALID_REQUEST');
  await refused(get('from=yesterday'), 400, 'INVALID_REQUEST');
  await refused(get('from=-1'), 400, 'INVALID_REQUEST');
  await missing(service.call('GET', '/v1/audience_segments/404/history'));
  await missing(service.call('GET', '/v1/audience_segments/404/executions'));
  wait(3000 * HOUR);
  assert.equal((await history(`interval=hour&from=${START + 2001 * HOUR}`)).history.length, 1000);
});

test('the executions that changed a segment are listed with what they did to it', async (t) => {
  const { service, segmentId, run, wait, path, documentImportId } = await start(t);
  const other = await createSegment(service, { name: 'other' });
  const first = await run([user('a'), user('b'), user('a', { segment_id: other })]);
  wait(1);
  const second = await run([user('a'), user('c'), user('b', OUT)]);
  await run([user('a', { segment_id: other })]);
  const replace = await run([user('c'), user('z')], 'mode=replace&max_shrink_ratio=1');
  const reverting = await revert(service, replace);
  const list = async (query = '') => {
    const { json } = await service.call('GET', `${path}/executions?${query}`);
    return json as { total: number; known_since: number; data: Record<string, unknown>[] };
  };
  const listed = await list();
  assert.equal(listed.total, 4);
  assert.equal(listed.known_since, START);
  assert.deepEqual(
    listed.data.map(({ execution_id: id, entries, updates, exits }) => [id, entries, updates, exits]),
    [
      [reverting.id, 1, 0, 1],
      [replace.id, 1, 0, 1],
      [second.id, 1, 1, 1],
      [first.id, 2, 0, 0],
    ],
  );
  assert.deepEqual(listed.data[0]?.reverts_execution_id, replace.id);
  assert.deepEqual(listed.data[1]?.reverted_by_execution_id, reverting.id);
  const { input_file_uri: uri, input_file_name: name, ...rest } = listed.data[3] ?? {};
  assert.deepEqual(rest, {
    ...{ execution_id: first.id, document_import_id: documentImportId, date: START },
    ...{ reverts_execution_id: null, reverted_by_execution_id: null, entries: 2, updates: 0, exits: 0 },
  });
  assert.equal(uri, first.result.input_file_uri);
  assert.equal(typeof name, 'string');
  const page = await list('first_result=1&max_results=1');
  assert.deepEqual([page.total, page.data[0]?.execution_id], [4, replace.id]);
  assert.deepEqual([(await list('first_result=9')).total, (await list('first_result=9')).data], [4, []]);
  assert.equal((await getSegment(service, segmentId)).user_points_count, 2);
});

/** Makes an email hash belong to the user `a`, if there is one. */
async function attach({ store }: TestService, { value, now }: { value: string; now: number }): Promise<void> {
  const account = { kind: 'USER_ACCOUNT', compartmentId: '1', value: 'a' } as const;
  const userPointId = await store.findUserPoint('1', { by: 'identifier', identifier: account });
  const identifier = { kind: 'USER_EMAIL', compartmentId: '0', value } as const;
  if (userPointId) await store.attachIdentifier({ datamartId: '1', identifier, userPointId, now });
}

/** What a step of the property below does. */
const step = fc.record({
  what: fc.constantFrom('import', 'import', 'replace', 'revert', 'sweep', 'erase', 'attach'),
  lines: fc.array(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      out: fc.boolean(),
      minutes: fc.constantFrom(0, 20, 70, 300),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  pause: fc.constantFrom(1, 10 * MINUTE, 50 * MINUTE, 3 * HOUR),
});

test('at all times a size is the one before it with who came in and without who went out', async (t) => {
  const { service, segmentId, run, wait, now, history } = await start(t);
  let from = now();
  let attached = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
      const sizes: [number, number][] = [];
      let last: ExecutionAnswer | null = null;
      for (const { what, lines, pause } of steps) {
        const commands = lines.map(({ name, out, minutes }) =>
          user(name, out ? OUT : { expiration_duration: minutes }),
        );
        if (what === 'import') last = await run(commands);
        if (what === 'replace')
          last = await run([...commands, user('kept')], 'mode=replace&max_shrink_ratio=1');
        if (what === 'revert' && last !== null) {
          const { result } = last;
          const changed =
            result.memberships_created +
            result.memberships_updated +
            result.memberships_deleted +
            (result.memberships_left ?? 0);
          if (changed > 0) await revert(service, last);
          last = null;
        }
        if (what === 'sweep') await service.store.removeExpired(now());
        if (what === 'erase') {
          const { name } = lines[0] ?? { name: 'a' };
          await service.call('DELETE', `/v1/datamarts/1/user_points/user_account_id=${name}`);
          // he was never there
          sizes.length = 0;
        }
        if (what === 'attach') await attach(service, { value: `hash-${++attached}`, now: now() });
        sizes.push([now(), (await getSegment(service, segmentId)).user_points_count]);
        wait(pause);
      }
      const told = await history(`interval=hour&from=${from}`);
      assert.equal(told.user_points_count, (await getSegment(service, segmentId)).user_points_count);
      assert.equal(told.history.at(-1)?.user_points_count, told.user_points_count);
      for (const [i, bucket] of told.history.entries()) {
        const before = told.history[i - 1];
        if (before === undefined) continue;
        assert.equal(before.to, bucket.from);
        assert.equal(
          bucket.user_points_count,
          before.user_points_count + bucket.entries - bucket.exits,
          JSON.stringify(told),
        );
        assert.ok(bucket.user_points_count >= 0);
        assert.ok(bucket.expirations <= bucket.exits);
      }
      // what it was told to be when it was asked for, in each hour that nothing else happened in
      const day = await history(`from=${from}`);
      assert.equal(day.history.at(-1)?.user_points_count, told.user_points_count);
      for (const [at, size] of sizes) {
        const of = told.history.find((bucket) => bucket.from <= at && at < bucket.to);
        const alone = sizes.filter(([other]) => of && of.from <= other && other < of.to).length === 1;
        const quiet = of?.expirations === 0;
        if (of && alone && quiet) assert.equal(of.user_points_count, size, JSON.stringify({ told, sizes }));
      }
      wait(HOUR);
      from = Math.max(from, now() - 400 * HOUR);
    }),
    { numRuns: runs(5) },
  );
});
