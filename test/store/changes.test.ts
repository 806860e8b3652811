import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '../../src/store/store.ts';
import { createSegment, NOW, openFor, remove, update } from './contract.ts';
import { openTestStore } from './unordered-store.ts';

const LATER = NOW + 1000;

/**
 * The change log as it stands in the database, in its order, without keys: those of `who` tell
 * which user a row is about.
 */
async function changesOf(store: Store): Promise<readonly Record<string, unknown>[]> {
  const connection = await store.staging.connect();
  const reader = await connection.runAndReadAll(
    `select c.date, c.execution_id, c.line, c.kind, u.value as who, c.segment_id, c.creation_ts, c.last_modified_ts,
       c.expiration_ts, c.data_bag
     from muster.membership_change c left join muster.user_identifier u on u.key_hi = c.point_hi and u.key_lo = c.point_lo
     order by c.step, c.kind = 4 desc, c.line`,
  );
  connection.closeSync();
  return reader.getRowObjectsJson().map((row) =>
    Object.fromEntries(
      Object.entries(row)
        .filter(([, value]) => value !== null)
        .map(([name, value]) => [name, /^\d+$/.test(String(value)) ? Number(value) : value]),
    ),
  );
}

test('each membership that an execution created, changed or ended is noted with what was there before', async (t) => {
  const context = await openFor(t, openTestStore);
  const segment = Number((await createSegment(context.store)).id);
  const id = String(segment);
  await context.run([
    update('a', id, { dataBag: '{"k":1}' }),
    update('b', id, { expiresAt: NOW + 5000 }),
    update('b', id, { expiresAt: NOW + 6000 }),
    remove('stranger', id),
  ]);
  await context.run([update('a', id, { expiresAt: LATER + 1 }), remove('b', id)], LATER);
  const created = { date: NOW, execution_id: 1, kind: 1, segment_id: segment };
  assert.deepEqual(await changesOf(context.store), [
    { ...created, line: 1, who: 'a' },
    { ...created, line: 3, who: 'b' },
    {
      ...{ date: LATER, execution_id: 2, line: 1, kind: 2, who: 'a', segment_id: segment },
      ...{ creation_ts: NOW, last_modified_ts: NOW, data_bag: '{"k":1}' },
    },
    {
      ...{ date: LATER, execution_id: 2, line: 2, kind: 3, who: 'b', segment_id: segment },
      ...{ creation_ts: NOW, last_modified_ts: NOW, expiration_ts: NOW + 6000 },
    },
  ]);
});

test('an expiry is noted by the sweep, or by the execution that meets the row first; once', async (t) => {
  const context = await openFor(t, openTestStore);
  const { id } = await createSegment(context.store);
  const expiresAt = NOW + 10;
  const users = ['comes again', 'is taken out', 'is swept'];
  await context.run(users.map((user) => update(user, id, { expiresAt })));
  await context.run([update('comes again', id), remove('is taken out', id)], LATER);
  assert.equal(await context.store.removeExpired(LATER), 1);
  const expired = { date: LATER, kind: 4, segment_id: Number(id), creation_ts: NOW, last_modified_ts: NOW };
  const [, , , ...changes] = await changesOf(context.store);
  const byUser = (one: { who?: unknown }, other: { who?: unknown }) =>
    String(one.who) < String(other.who) ? -1 : 1;
  assert.deepEqual(changes.filter(({ kind }) => kind === 4).sort(byUser), [
    { ...expired, who: 'comes again', expiration_ts: expiresAt },
    { ...expired, who: 'is swept', expiration_ts: expiresAt },
    { ...expired, who: 'is taken out', expiration_ts: expiresAt },
  ]);
  assert.deepEqual(
    changes.filter(({ kind }) => kind !== 4),
    [{ date: LATER, execution_id: 2, line: 1, kind: 1, who: 'comes again', segment_id: Number(id) }],
  );
});

test('the steps go on after the store was opened again', async (t) => {
  const context = await openFor(t, openTestStore);
  const { id } = await createSegment(context.store);
  for (const user of ['a', 'b', 'c']) {
    await context.run([update(user, id)]);
    await context.reopen();
  }
  assert.deepEqual(
    (await changesOf(context.store)).map(({ who }) => who),
    ['a', 'b', 'c'],
  );
});

test('changes go with their segment, with their user, and when their time has passed', async (t) => {
  const context = await openFor(t, openTestStore);
  const [one, other] = [await createSegment(context.store), await createSegment(context.store)];
  await context.run([update('a', one.id), update('a', other.id), update('b', other.id)]);
  await context.run([update('b', other.id)], LATER);
  const left = async () => (await changesOf(context.store)).map(({ who, kind }) => `${who} ${kind}`);

  await context.store.segments.remove(one.id);
  assert.deepEqual(await left(), ['a 1', 'b 1', 'b 2']);
  const user = {
    by: 'identifier',
    identifier: { kind: 'USER_ACCOUNT', compartmentId: '1', value: 'a' },
  } as const;
  await context.store.eraseUser({ datamartId: '1', user, now: LATER });
  assert.deepEqual(await left(), ['b 1', 'b 2']);
  assert.equal(await context.store.removeChangesBefore(NOW), 0);
  assert.equal(await context.store.removeChangesBefore(LATER), 1);
  assert.deepEqual(await left(), ['b 2']);
});
