import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { createSegment, dataOf, membershipsOf, runFile } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { startService } from '../helper.ts';
import { postgresServer, storeOf } from '../postgres.ts';

/** What a node keeps in memory of small records that another one writes. */

after(async () => (await postgresServer()).stop());

test('a node with other documents than the rest does not start', async (t) => {
  const store = await storeOf(`${t.name} ${performance.timeOrigin}`, Date.now());
  const documents = await makeFolder();
  t.after(() => discardFolder(t, documents));
  const { stop } = await startService(t, { store, documents });
  await assert.rejects(startService(t, { store }), ({ name, message }: Error) => {
    assert.equal(name, 'ConfigError');
    assert.match(message, /^documents: they have the id .* All nodes need the same --documents/);
    return true;
  });
  await stop();
  await startService(t, { store, documents });
});

test('a look-up goes by what the other node has just written', async (t) => {
  const store = await storeOf(`${t.name} ${performance.timeOrigin}`, Date.now());
  // either of them may run what comes
  const documents = await makeFolder();
  const [one, other] = [
    await startService(t, { store, documents }),
    await startService(t, { store, documents }),
  ];
  t.after(() => discardFolder(t, documents));
  const nameFor = async (selector: string) =>
    (await membershipsOf(other, selector))?.map(({ segment_name }) => segment_name) ?? null;
  const line = (account: string, segmentId: string, compartmentId: string) =>
    `${JSON.stringify({ operation: 'UPDATE', user_account_id: account, compartment_id: compartmentId, segment_id: segmentId, expiration_duration: 0 })}\n`;
  assert.equal(await nameFor('user_account_id=u1'), null);

  const first = await createSegment(one, { name: 'first' });
  await runFile(one, 'NDJSON', line('u1', first, '1'));
  assert.deepEqual(await nameFor('user_account_id=u1'), ['first']);

  for (let i = 0; i < 20; i++) {
    await dataOf(one.call('PUT', `/v1/audience_segments/${first}`, { name: `renamed ${i}` }));
    assert.deepEqual(await nameFor('user_account_id=u1'), [`renamed ${i}`]);
  }

  // an account without a compartment is another user from here on
  const compartment = { organisation_id: '1', name: 'shop', token: 'shop' };
  const { id } = await dataOf<{ id: string }>(one.call('POST', '/v1/user_account_compartments', compartment));
  const shop = { compartment_id: id, default: true };
  await dataOf(one.call('POST', '/v1/datamarts/1/compartments', shop));
  assert.equal(await nameFor('user_account_id=u1'), null);
  await runFile(one, 'NDJSON', line('u2', first, id));
  assert.deepEqual(await nameFor('user_account_id=u2'), ['renamed 19']);
  assert.deepEqual(await nameFor('compartment_id=1,user_account_id=u1'), ['renamed 19']);

  const removed = await one.call('DELETE', `/v1/audience_segments/${first}`);
  assert.equal(removed.status, 200, removed.text);
  assert.deepEqual(await nameFor('user_account_id=u2'), []);
});
