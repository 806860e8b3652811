import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitForEnd } from '../client.ts';
import { startService } from '../helper.ts';
import { createWorld } from './world.ts';

const HOUR_MS = 3_600_000;

test('a clock that is set back by an hour: files run, queues empty, counts and durations hold', async (t) => {
  let offsetMs = 0;
  const service = await startService(
    t,
    { maxPendingPerDatamart: 2, chunkRows: 500 },
    () => Date.now() + offsetMs,
  );
  const world = await createWorld(service);
  const before = await world.send(2_000);
  offsetMs = -HOUR_MS;
  const during = { sent: before, ended: await waitForEnd(service, before.execution) };
  assert.ok((during.ended.duration ?? 0) >= 1, 'a duration is at least 1');
  const executed = [during];
  // more than may wait at the same time: what has ended must be counted as ended
  for (let i = 0; i < 4; i++) {
    const sent = await world.send(100);
    executed.push({ sent, ended: await waitForEnd(service, sent.execution) });
    await sleep(600);
  }
  await world.check(executed);
});

test('a clock that is set back does not keep an address away that has sent wrong tokens', async (t) => {
  let offsetMs = 0;
  const service = await startService(t, {}, () => Date.now() + offsetMs);
  const wrong = () => service.call('GET', '/v1/datamarts', undefined, { authorization: 'wrong' });
  for (let i = 0; i < 10; i++) await wrong();
  offsetMs = -HOUR_MS;
  const { status, headers } = await wrong();
  assert.ok(
    status === 401 || Number(headers.get('retry-after')) <= 60,
    `${status} ${headers.get('retry-after')}`,
  );
});

test('a turn ends by the time that has passed, whatever the clock says', async (t) => {
  let offsetMs = 0;
  const service = await startService(
    t,
    { parallelExecutions: 1, turnMs: 1, chunkRows: 200 },
    () => Date.now() + offsetMs,
  );
  const huge = await createWorld(service);
  const sent = await huge.send(5_000);
  while ((await service.call('GET', `${huge.path}?status=RUNNING`)).text.includes('"total":0'))
    await sleep(1);
  offsetMs = -HOUR_MS;
  const { json } = await service.call('POST', '/v1/datamarts', { name: 'other' });
  const small = await createWorld(service, (json as { data: { id: string } }).data.id);
  const other = await small.send(10);
  const ended = await waitForEnd(service, other.execution);
  const running = await service.call('GET', `${huge.path}/${sent.execution.id}`);
  assert.match(
    running.text,
    /"status":"RUNNING"/,
    'the small file has not waited for the end of the huge one',
  );
  assert.equal(ended.status, 'SUCCEEDED');
  assert.equal((await waitForEnd(service, sent.execution)).status, 'SUCCEEDED');
});
