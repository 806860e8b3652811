import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { FaultPoint } from '../../src/fault-points.ts';
import { dataOf } from '../client.ts';
import { prepareProcess } from '../process.ts';
import type { Random } from './random.ts';
import type { Tally } from './tally.ts';
import { victimOf } from './victim.ts';

const POINTS: readonly FaultPoint[] = [
  'migration-begun',
  'migration-before-commit',
  'migration-after-commit',
];
/** Kills the service at its first start, over a fresh folder. */
export async function tortureMigration(of: {
  readonly folder: string;
  readonly random: Random;
  readonly kills: number;
  readonly tally: Tally;
}): Promise<void> {
  const { random, tally } = of;
  const folder = path.join(of.folder, 'fresh');
  await mkdir(folder, { recursive: true });
  const service = await prepareProcess(folder);
  const victim = victimOf(service, tally);
  try {
    for (let i = 0; i < of.kills; i++) {
      const aim = { type: 'point', point: random.oneOf(POINTS), pass: 1 } as const;
      await victim.kill(aim, async () => undefined);
    }
    await victim.start();
    const datamarts = await dataOf<{ name: string }[]>(service.call('GET', '/v1/datamarts'));
    assert.deepEqual(
      datamarts.map(({ name }) => name),
      ['default'],
    );
    // of the last tables of the schema
    assert.equal((await service.call('GET', '/v1/datamarts/1/document_imports/1/source')).status, 404);
  } finally {
    await service.kill();
  }
  tally.histories += 1;
}
