import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  runFile,
  waitForEnd,
} from '../client.ts';
import { startService } from '../helper.ts';
import { missing } from './refusals.ts';

const START = Date.UTC(2027, 0, 15, 10, 20);
const MINUTE = 60_000;

type Source = { change: string; cause: string | null; execution_id: string; line: number | null };
type Origin = {
  readonly segment_id: string;
  readonly creation_ts: number;
  readonly entered_by: (Source & { input_file_name: string }) | null;
  readonly restored_by: (Source & { reverts_execution_id: string }) | null;
  readonly updated_by: (Source & { reverts_execution_id: string | null }) | null;
};

/** One service for the tests of this file, each with a user of its own. */
async function start(t: TestContext) {
  let now = START;
  const service = await startService(t, { sweepIntervalMs: 3_600_000 }, () => now);
  const segmentId = await createSegment(service, { name: 'VIP' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const run = async (user: string, more: object = {}, query = '') => {
    now += MINUTE;
    const command = { operation: 'UPDATE', segment_id: segmentId, expiration_duration: 0 };
    const line = JSON.stringify({ ...command, user_account_id: user, ...more });
    return runFile(service, 'NDJSON', `\n${line}\n`, { documentImportId, query });
  };
  return {
    ...{ service, segmentId, documentImportId, run },
    wait: (ms: number) => {
      now += ms;
    },
    replace: (user: string) =>
      run(`not-${user}`, {}, `mode=replace&segment_id=${segmentId}&max_shrink_ratio=1`),
    revert: async ({ id }: ExecutionAnswer) => {
      now += MINUTE;
      const path = `${executionsPath({ datamartId: '1', documentImportId })}/${id}/action`;
      return waitForEnd(service, await dataOf(service.call('POST', path, { action: 'REVERT' })));
    },
    origins: async (user: string) => {
      const path = `/v1/datamarts/1/user_points/user_account_id=${user}/user_segment_origins`;
      return dataOf<readonly Origin[]>(service.call('GET', path));
    },
  };
}

const told = (source: Source | null) => source && [source.cause, source.execution_id, source.line];

test('a membership says what first put the user in, what restored it and what changed it last', async (t) => {
  const { run, replace, revert, origins, wait, segmentId, service } = await start(t);
  /** What is told of the one membership of a user. */
  const of = async (user: string) => {
    const [origin, ...more] = await origins(user);
    assert.equal(more.length, 0);
    return origin && [told(origin.entered_by), told(origin.restored_by), told(origin.updated_by)];
  };

  await t.test('a replacement that was reverted', async () => {
    const put = await run('u1');
    const replaced = await replace('u1');
    assert.deepEqual(await origins('u1'), []);
    const back = await revert(replaced);
    assert.deepEqual(await of('u1'), [['COMMAND', put.id, 2], ['REVERT', back.id, null], null]);
    const [origin] = await origins('u1');
    assert.equal(origin?.creation_ts, put.start_date);
    assert.equal(origin?.restored_by?.reverts_execution_id, replaced.id);
    assert.equal(origin?.entered_by?.change, 'ENTERED');
  });

  await t.test('a revert that was reverted', async () => {
    const put = await run('u2');
    const out = await revert(put);
    const back = await revert(out);
    assert.deepEqual(await of('u2'), [['COMMAND', put.id, 2], ['REVERT', back.id, null], null]);
  });

  await t.test('taken out and put in again by a file', async () => {
    await run('u3');
    await run('u3', { operation: 'DELETE' });
    const again = await run('u3');
    assert.deepEqual(await of('u3'), [['COMMAND', again.id, 2], null, null]);
  });

  await t.test('restored, then updated by a file', async () => {
    const put = await run('u4');
    const back = await revert(await run('u4', { operation: 'DELETE' }));
    const updated = await run('u4', { data_bag: { k: 1 } });
    assert.deepEqual(await of('u4'), [
      ['COMMAND', put.id, 2],
      ['REVERT', back.id, null],
      ['COMMAND', updated.id, 2],
    ]);
  });

  await t.test('an update that was reverted', async () => {
    const put = await run('u5');
    const updated = await run('u5', { data_bag: { k: 1 } });
    assert.deepEqual(await of('u5'), [['COMMAND', put.id, 2], null, ['COMMAND', updated.id, 2]]);
    const back = await revert(updated);
    assert.deepEqual(await of('u5'), [['COMMAND', put.id, 2], null, ['REVERT', back.id, null]]);
    const [origin] = await origins('u5');
    assert.equal(origin?.updated_by?.reverts_execution_id, updated.id);
  });

  await t.test('expired and put in again', async () => {
    await run('u6', { expiration_duration: 1 });
    wait(10 * MINUTE);
    const again = await run('u6');
    assert.deepEqual(await of('u6'), [['COMMAND', again.id, 2], null, null]);
  });

  await t.test('taken out and put in by one file', async () => {
    await run('u7');
    const command = { user_account_id: 'u7', segment_id: segmentId, expiration_duration: 0 };
    wait(MINUTE);
    const both = await runFile(
      service,
      'NDJSON',
      ['DELETE', 'UPDATE'].map((operation) => JSON.stringify({ operation, ...command })).join('\n'),
    );
    assert.deepEqual(await of('u7'), [['COMMAND', both.id, 2], null, null]);
  });

  await t.test('of several segments, one after the other and by id', async () => {
    const other = await createSegment(service, { name: 'other' });
    const put = await run('u8', { segment_ids: [other] });
    const path = '/v1/datamarts/1/user_points/user_account_id=u8/user_segment_origins';
    const page = await service.call('GET', `${path}?first_result=1&max_results=1`);
    const { data, total } = page.json as { data: Origin[]; total: number };
    assert.equal(total, 2);
    assert.deepEqual(
      data.map((each) => [each.segment_id, each.entered_by?.execution_id]),
      [[other, put.id]],
    );
    const one = await dataOf<Origin[]>(service.call('GET', `${path}?segment_ids=${segmentId}`));
    assert.deepEqual(
      one.map(({ segment_id }) => segment_id),
      [segmentId],
    );
    await missing(service.call('GET', '/v1/datamarts/1/user_points/user_account_id=x/user_segment_origins'));
  });
});

test('what is not remembered any more is not told: the revert is, the line before it is not', async (t) => {
  let now = START;
  const DAY = 86_400_000;
  const service = await startService(t, { historyDays: 2, sweepIntervalMs: 20 }, () => now);
  const segmentId = await createSegment(service, { name: 'VIP' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const line = (operation: string) =>
    JSON.stringify({ operation, user_account_id: 'u', segment_id: segmentId, expiration_duration: 0 });
  const run = (operation: string) => runFile(service, 'NDJSON', line(operation), { documentImportId });
  await run('UPDATE');
  now += 1.5 * DAY;
  const out = await run('DELETE');
  const path = `${executionsPath({ datamartId: '1', documentImportId })}/${out.id}/action`;
  const back = await waitForEnd(service, await dataOf(service.call('POST', path, { action: 'REVERT' })));
  now += DAY;
  for (;;) {
    const answer = await service.call(
      'GET',
      '/v1/datamarts/1/user_points/user_account_id=u/user_segment_origins',
    );
    const { data, known_since } = answer.json as { data: Origin[]; known_since: number };
    const [origin] = data;
    if (known_since === START) continue;
    assert.deepEqual(
      [origin?.creation_ts, origin?.entered_by, told(origin?.restored_by ?? null)],
      [START, null, ['REVERT', back.id, null]],
    );
    break;
  }
});
