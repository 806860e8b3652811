import test from 'node:test';
import { discardFolder, makeFolder } from '../folder.ts';
import { startCluster } from '../nodes/cluster.ts';
import { longer } from '../tiers.ts';
import { tortureNodes } from './node-torture.ts';
import { randomOf } from './random.ts';
import { describe, newTally } from './tally.ts';

/** A short round; `npm run torture -- --nodes 3` is the long one. */
test('three nodes, killed like their database at random under load, come to what the model says', async (t) => {
  const folder = await makeFolder();
  const cluster = await startCluster(folder, 3, { MUSTER_CHUNK_ROWS: '100' });
  t.after(async () => {
    await cluster.close();
    await discardFolder(t, folder);
  });
  const seed = Date.now() % 1_000_000;
  t.diagnostic(`seed ${seed}`);
  const tally = newTally();
  await tortureNodes({
    ...{ cluster, random: randomOf(seed), tally, isOver: () => false },
    ...{ rounds: longer(2, 20), disturbances: 4 },
  });
  t.diagnostic(describe(tally));
});
