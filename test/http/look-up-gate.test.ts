import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from '../../src/errors.ts';
import { createLookUpGate } from '../../src/http/users/look-up-gate.ts';

const gateOf = (limits: Parameters<typeof createLookUpGate>[1]) =>
  createLookUpGate({ lookUpsAtOnce: 8 }, limits);

/** Work that ends when it is told to. */
function held() {
  let begun = 0;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const work = async () => {
    begun += 1;
    await ended;
    return 'found';
  };
  return { work, end, begun: () => begun };
}

function isRefusal(error: unknown, message: RegExp): boolean {
  assert.ok(error instanceof ServiceError);
  assert.deepEqual([error.code, error.status, error.retryAfterSeconds], ['LOOKUPS_OVERLOADED', 503, 1]);
  assert.match(error.message, message);
  return true;
}

test('more look-ups than may be there are refused at once, and taken again when some have ended', async () => {
  const gate = gateOf({ maxLookups: 20, lookupWaitMs: 10_000 });
  const { work, end, begun } = held();
  const taken = Array.from({ length: 20 }, () => gate.run('ONE', work));
  assert.ok(begun() > 0 && begun() < 20, `${begun()} at a time`);
  assert.equal(gate.waiting(), 20 - begun());
  await assert.rejects(gate.run('ONE', work), (error) => isRefusal(error, /at most 20 .*maxLookups/));
  end();
  assert.deepEqual(new Set(await Promise.all(taken)), new Set(['found']));
  assert.equal(gate.waiting(), 0);
  assert.equal(await gate.run('ONE', work), 'found');
});

test('a look-up that is not answered in time is refused, whether it waits or has begun', async () => {
  const gate = gateOf({ maxLookups: 100, lookupWaitMs: 30 });
  const slow = held();
  const never = held();
  const running = Array.from({ length: 100 }, () => gate.run('ONE', slow.work)).map((each) =>
    assert.rejects(each, (error) => isRefusal(error, /within 30 ms .*lookupWaitMs/)),
  );
  const places = slow.begun();
  await Promise.all(running);
  assert.equal(slow.begun(), places, 'those that waited were never begun');
  assert.equal(gate.waiting(), 0);
  // what has begun goes on and keeps its place: the store is still busy with it
  const behind = assert.rejects(gate.run('ONE', never.work), (error) => isRefusal(error, /within 30 ms/));
  await behind;
  assert.equal(never.begun(), 0);
  slow.end();
  await sleep(0);
  assert.equal(await gate.run('ONE', slow.work), 'found');
});

test('look-ups of one user wait for none of many users, and for no history', async () => {
  const gate = gateOf({ maxLookups: 1_000, lookupWaitMs: 10_000 });
  const { work, end, begun } = held();
  const others = (['MANY', 'CHANGES'] as const).flatMap((kind) =>
    Array.from({ length: 100 }, () => gate.run(kind, work)),
  );
  assert.ok(begun() < others.length);
  assert.equal(await gate.run('ONE', async () => 'at once'), 'at once');
  for (const kind of ['MANY', 'CHANGES'] as const)
    await assert.rejects(gate.run(kind, work), (error) => isRefusal(error, /at most 100 /));
  end();
  await Promise.all(others);
});

test('what was asked by a client that has gone is not begun, and those behind it are', async () => {
  const gate = gateOf({ maxLookups: 100, lookupWaitMs: 10_000 });
  const first = held();
  const running = Array.from({ length: 8 }, () => gate.run('ONE', first.work));
  const gone = held();
  const left = assert.rejects(
    gate.run('ONE', gone.work, () => true),
    ServiceError,
  );
  const behind = gate.run('ONE', async () => 'found');
  assert.equal(gate.waiting(), 2);
  first.end();
  await Promise.all([...running, left]);
  assert.equal(await behind, 'found');
  assert.equal(gone.begun(), 0);
});

test('a look-up that fails gives its place up', async () => {
  const gate = gateOf({ maxLookups: 1, lookupWaitMs: 10_000 });
  for (let i = 0; i < 3; i++)
    await assert.rejects(
      gate.run('ONE', async () => {
        throw new Error('broken');
      }),
      /broken/,
    );
});
