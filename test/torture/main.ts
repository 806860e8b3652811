import { parseArgs } from 'node:util';
import { makeFolder } from '../folder.ts';
import { tortureCluster } from './node-torture.ts';
import { randomOf } from './random.ts';
import { describe, newTally } from './tally.ts';
import { torture } from './torture.ts';

/** `npm run torture`: see docs/torture.md. */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    kills: { type: 'string', default: '300' },
    minutes: { type: 'string', default: '60' },
    nodes: { type: 'string', default: '0' },
  },
});
const [seed, kills, minutes, nodes] = [values.seed, values.kills, values.minutes, values.nodes].map(
  Number,
) as [number, number, number, number];
if (![seed, kills, minutes, nodes].every((each) => Number.isFinite(each) && each >= 0)) {
  throw new Error('--seed, --kills, --minutes and --nodes must be numbers');
}
console.log(`torture with --seed ${seed}: ${kills} kills or ${minutes} minutes`);
const folder = await makeFolder();
const tally = newTally();
const progress = setInterval(() => console.log(describe(tally).split('\n')[0]), 30_000);
try {
  const until = Date.now() + minutes * 60_000;
  if (nodes > 0) await tortureCluster({ folder, nodes, random: randomOf(seed), kills, until }, tally);
  else await torture({ folder, seed, kills, until }, tally);
  console.log(`no difference\n${describe(tally)}`);
} catch (error) {
  console.error(`a difference, with --seed ${seed}; ${folder} is kept\n${describe(tally)}`);
  throw error;
} finally {
  clearInterval(progress);
}
