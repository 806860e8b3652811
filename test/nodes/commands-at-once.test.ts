import assert from 'node:assert/strict';
import test from 'node:test';
import { type Client, createSegment, getSegment, membershipsOf } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { startCluster } from './cluster.ts';

const PATH = '/v1/datamarts/1/user_segment_commands';

test('calls at two nodes at once are applied one after the other, and once under a key', async (t) => {
  const folder = await makeFolder();
  const cluster = await startCluster(folder, 2);
  t.after(async () => {
    await cluster.close();
    await discardFolder(t, folder);
  });
  const [one, other] = cluster.nodes as unknown as readonly [Client, Client];
  const segmentId = await createSegment(one, { name: 'segment' });
  const put = (node: Client, user: string, key?: string) =>
    node.call(
      'POST',
      PATH,
      {
        commands: [
          { operation: 'UPDATE', user_account_id: user, segment_id: segmentId, expiration_duration: 0 },
        ],
      },
      key === undefined ? {} : { 'idempotency-key': key },
    );
  const createdBy = ({ json }: { json: unknown }) =>
    (json as { data: { memberships_created: number } }).data.memberships_created;

  for (let round = 0; round < 10; round++) {
    const user = `keyed-${round}`;
    const answers = await Promise.all([put(one, user, user), put(other, user, user)]);
    assert.deepEqual(answers.map(createdBy), [1, 1], 'one answer for both');
    const replayed = answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true');
    assert.equal(replayed.length, 1);
    assert.equal(answers[0]?.text, answers[1]?.text);
  }

  const raced = await Promise.all(
    Array.from({ length: 40 }, (_, i) => put(i % 2 ? one : other, `u${i >> 2}`)),
  );
  assert.equal(
    raced.map(createdBy).reduce((sum, created) => sum + created, 0),
    10,
  );
  for (const node of [one, other]) {
    assert.equal((await getSegment(node, segmentId)).user_points_count, 20);
    assert.equal((await membershipsOf(node, 'user_account_id=u9'))?.length, 1);
  }
});
