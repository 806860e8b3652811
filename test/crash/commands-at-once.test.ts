import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type Client, createSegment, getSegment, membershipsOf } from '../client.ts';
import { startProcess } from '../process.ts';

const PATH = '/v1/datamarts/1/user_segment_commands';
const KILLS = 3;
const SENDERS = 16;

type Counts = { readonly memberships_created: number; readonly memberships_updated: number };

const commandFor = (user: string, segmentId: string) => ({
  ...{ operation: 'UPDATE', user_account_id: user, segment_id: segmentId, expiration_duration: 0 },
});

/** Puts a user in; null when there was no answer. */
async function put(
  client: Client,
  user: string,
  of: { segmentId: string; key?: string },
): Promise<Answer | null> {
  const headers = of.key === undefined ? {} : { 'idempotency-key': of.key };
  const body = { commands: [commandFor(user, of.segmentId)] };
  return client.call('POST', PATH, body, headers).catch(() => null);
}

function assertCreated({ status, json, text }: Answer): void {
  assert.equal(status, 200, text);
  const { memberships_created, memberships_updated } = (json as { data: Counts }).data;
  assert.deepEqual([memberships_created, memberships_updated], [1, 0], 'applied once');
}

test('no command that was acknowledged is lost, and none is applied twice under its key', async (t) => {
  const service = await startProcess(t);
  const segmentId = await createSegment(service, { name: 'segment' });
  const acknowledged = new Set<string>();
  let sent = 0;

  for (let kill = 0; kill < KILLS; kill++) {
    let isKilled = false;
    const senders = Array.from({ length: SENDERS }, async () => {
      while (!isKilled) {
        const user = `u${sent++}`;
        const answer = await put(service, user, { segmentId, key: user });
        if (answer === null) continue;
        assertCreated(answer);
        acknowledged.add(user);
      }
    });
    const enough = acknowledged.size + SENDERS + Math.random() * 200;
    while (acknowledged.size < enough) await sleep(3);
    isKilled = true;
    await service.kill();
    await Promise.all(senders);
    await service.restart();
    for (const user of acknowledged)
      assert.equal((await membershipsOf(service, `user_account_id=${user}`))?.length, 1, user);
  }

  // whether they were applied or not: sent again, they are now, and only once
  const others = Array.from({ length: sent }, (_, i) => `u${i}`).filter((user) => !acknowledged.has(user));
  for (const user of others) {
    const answer = await put(service, user, { segmentId, key: user });
    assert.ok(answer !== null);
    assertCreated(answer);
  }
  assert.equal((await getSegment(service, segmentId)).user_points_count, sent);
});

for (const [point, isApplied] of [
  ['calls-staged', false],
  ['calls-before-commit', false],
  ['calls-after-commit', true],
] as const) {
  test(`a call that is cut off at ${point} is ${isApplied ? '' : 'not '}applied, and can be sent again`, async (t) => {
    const service = await startProcess(t);
    const segmentId = await createSegment(service, { name: 'segment' });
    await service.kill();
    await service.restart({ MUSTER_FAULT_POINT: point });
    assert.equal(await put(service, 'ada', { segmentId, key: 'k' }), null);
    await service.end(30_000);
    assert.equal(service.signal(), 'SIGKILL');
    await service.restart();
    assert.equal((await membershipsOf(service, 'user_account_id=ada'))?.length ?? 0, isApplied ? 1 : 0);
    const again = await put(service, 'ada', { segmentId, key: 'k' });
    assert.ok(again !== null);
    assertCreated(again);
    assert.equal(again.headers.get('idempotent-replayed'), isApplied ? 'true' : null);
  });
}

test('a stop answers calls or refuses them, and what was answered is there', async (t) => {
  const service = await startProcess(t);
  const segmentId = await createSegment(service, { name: 'segment' });
  const calls = Array.from({ length: 300 }, (_, i) => put(service, `u${i}`, { segmentId }));
  await Promise.race(calls);
  assert.equal(await service.terminate(), 0);
  const statuses = (await Promise.all(calls)).map((answer) => answer?.status ?? null);
  for (const status of statuses) assert.ok([null, 200, 503].includes(status), String(status));
  await service.restart();
  const applied = statuses.filter((status) => status === 200).length;
  assert.equal((await getSegment(service, segmentId)).user_points_count, applied);
});
