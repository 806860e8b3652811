import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { discardFolder, makeFolder } from '../folder.ts';
import { longer } from '../tiers.ts';
import { tortureImports } from './import-torture.ts';
import { tortureMigration } from './migration-torture.ts';
import { randomOf } from './random.ts';
import { describe, newTally } from './tally.ts';

const KILLS = { imports: longer(4, 60), migration: longer(2, 10) };

/** A short round; `npm run torture` is the long one. */
test('killed at points and at moments, a service comes to what the model says', async (t) => {
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  const seed = Date.now() % 1_000_000;
  t.diagnostic(`seed ${seed}`);
  const [random, tally] = [randomOf(seed), newTally()];
  for (const [kind, torture] of [
    ['migration', tortureMigration],
    ['imports', tortureImports],
  ] as const) {
    const history = path.join(folder, kind);
    await mkdir(history);
    await torture({ folder: history, random, kills: KILLS[kind], tally, isOver: () => false });
  }
  t.diagnostic(describe(tally));
});
