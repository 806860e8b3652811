import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { tortureCompaction } from './compaction-torture.ts';
import { tortureImports } from './import-torture.ts';
import { tortureMigration } from './migration-torture.ts';
import { randomOf } from './random.ts';
import { killsOf, type Tally } from './tally.ts';

/** Kills of one history of each kind, those of imports without its end. */
const KILLS = { imports: 12, compaction: 4, migration: 6 };
/** Four histories of six are about imports. */
const KINDS = ['migration', 'compaction', 'imports', 'imports', 'imports', 'imports'] as const;

/**
 * History after history until there were so many kills or so much time has passed. Throws at the
 * first difference, whose folder is kept.
 */
export async function torture(
  of: { readonly folder: string; readonly seed: number; readonly kills: number; readonly until: number },
  tally: Tally,
): Promise<void> {
  const random = randomOf(of.seed);
  const isOver = () => Date.now() >= of.until;
  for (let i = 0; killsOf(tally) < of.kills && !isOver(); i++) {
    const folder = path.join(of.folder, `history-${i}`);
    await mkdir(folder);
    const history = { folder, random, tally, isOver };
    const kind = random.oneOf(KINDS);
    if (kind === 'migration') await tortureMigration({ ...history, kills: KILLS.migration });
    else if (kind === 'compaction') await tortureCompaction({ ...history, kills: KILLS.compaction });
    else await tortureImports({ ...history, kills: Math.min(KILLS.imports, of.kills - killsOf(tally)) });
    await rm(folder, { recursive: true });
  }
}
