import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discardFolder, makeFolder } from '../folder.ts';
import { account, createSegment, NOW, update } from './contract.ts';
import { byIdentifier, merge, openServed } from './served-store.ts';

/** More than DuckDB gives at a time. */
const USERS = 2_500;
/** Around the length from which a text lies elsewhere, and longer than a page. */
const LENGTHS = [8, 11, 12, 13, 14, 30, 5_000];

test('data bags of any length, beside each other and with gaps, are in a run as they were given', async (t) => {
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  const { store, errors } = await openServed(folder);
  t.after(() => store.close());
  const segment = await createSegment(store);
  const pairs = Array.from({ length: USERS }, (_, i) => {
    const length = i % 3 === 0 ? null : (LENGTHS[i % LENGTHS.length] as number);
    return { ...update('', segment.id, { dataBag: bagOf(length, i) }), identifier: account(`user ${i}`) };
  });
  await merge(store, pairs, { now: NOW });
  for (const { identifier, dataBag } of pairs) {
    const user = byIdentifier(identifier);
    const found = await store.listMemberships({
      datamartId: '1',
      user,
      now: NOW,
      page: { firstResult: 0, maxResults: 10 },
    });
    assert.deepEqual(
      found?.elements.map((each) => each.dataBag),
      [dataBag],
    );
  }
  assert.equal(store.servingState?.().asked, 0);
  assert.deepEqual(errors, []);
});

/** JSON text of an object that has so many bytes, and is one user's where they are enough. */
function bagOf(length: number | null, user: number): string | null {
  if (length === null) return null;
  return `{"k":"${String(user)
    .padEnd(length, 'x')
    .slice(0, length - 8)}"}`;
}
