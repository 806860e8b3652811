import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { FaultPoint } from '../../src/fault-points.ts';
import { dataOf, membershipsOf } from '../client.ts';
import { prepareProcess } from '../process.ts';
import type { Random } from './random.ts';
import type { Tally } from './tally.ts';
import { victimOf } from './victim.ts';

const POINTS: readonly FaultPoint[] = [
  'migration-begun',
  'migration-before-commit',
  'migration-after-commit',
];
/**
 * Holds two datamarts, a segment with two members, and an ended execution: see
 * `test/store/upgrade.test.ts`.
 */
const VERSION_1 = new URL('../store/fixtures/version-1.duckdb.gz', import.meta.url);

/**
 * Kills the service at its first start: over a fresh folder, and over one that an older Muster
 * wrote.
 */
export async function tortureMigration(of: {
  readonly folder: string;
  readonly random: Random;
  readonly kills: number;
  readonly tally: Tally;
}): Promise<void> {
  const { random, tally } = of;
  const kinds = ['fresh', 'version 1'] as const;
  for (const kind of kinds) {
    const folder = path.join(of.folder, kind);
    await mkdir(path.join(folder, 'store'), { recursive: true });
    if (kind === 'version 1') {
      await writeFile(path.join(folder, 'store/muster.duckdb'), gunzipSync(readFileSync(VERSION_1)));
    }
    const service = await prepareProcess(folder);
    const victim = victimOf(service, tally);
    try {
      for (let i = 0; i < of.kills / kinds.length; i++) {
        const aim = { type: 'point', point: random.oneOf(POINTS), pass: 1 } as const;
        await victim.kill(aim, async () => undefined);
      }
      await victim.start();
      const datamarts = await dataOf<{ name: string }[]>(service.call('GET', '/v1/datamarts'));
      const names = datamarts.map(({ name }) => name);
      assert.deepEqual(names, kind === 'fresh' ? ['default'] : ['default', 'second']);
      const memberships = await membershipsOf(service, 'user_account_id=u1');
      assert.equal(memberships?.[0]?.data_bag, kind === 'fresh' ? undefined : '{"tier":"gold"}');
      // the last migration is there: it brought the audit log
      await dataOf(service.call('GET', '/v1/audit_log'));
    } finally {
      await service.kill();
    }
  }
  tally.histories += 1;
}
