import assert from 'node:assert/strict';
import type { FaultPoint } from '../../src/fault-points.ts';
import { errorFile } from '../client.ts';
import { prepareProcess } from '../process.ts';
import { add, addFile, createTorturedDatamart, type Datamart } from './datamart.ts';
import { tortureErasure } from './erasure-torture.ts';
import type { Random } from './random.ts';
import { compareAll, type Scene, sendAndAwait } from './scene.ts';
import { awaitEnd, send } from './sent-file.ts';
import type { Tally } from './tally.ts';
import { type Aim, victimOf } from './victim.ts';

/** Where uploads and imports pass. */
const POINTS: readonly FaultPoint[] = [
  'upload-half-written',
  'upload-synced',
  'upload-kept',
  'execution-created',
  'execution-claimed',
  'chunk-staged',
  'error-file-half-written',
  'error-file-written',
  'chunk-before-commit',
  'chunk-after-commit',
  'group-staged',
  'group-before-commit',
  'group-after-commit',
  'execution-before-end',
  'execution-ended',
  'expired-removed',
  'run-half-written',
  'run-synced',
  'run-before-commit',
  'runs-merged',
  'runs-swapped',
  'run-file-removed',
];
const DATAMARTS = 2;
/** Of the sweeps: the memberships of a history expire while it goes on. */
const SWEEP_MS = 150;
const KILLS_BETWEEN_COMPARISONS = 6;
const MOST_REPLAYED = 3;

/**
 * Sends files to a service that is killed `kills` times and as often started again, compares it
 * with the model now and then, and at the end erases a user and removes an import under the same
 * conditions.
 */
export async function tortureImports(of: {
  readonly folder: string;
  readonly random: Random;
  readonly kills: number;
  readonly tally: Tally;
  /** Asked after each kill: the time is up. */
  readonly isOver: () => boolean;
}): Promise<void> {
  const { random, kills, tally } = of;
  const service = await prepareProcess(of.folder, {
    MUSTER_CHUNK_ROWS: '100',
    MUSTER_CHUNK_BYTES: random.oneOf(['4KiB', '16KiB', '1MiB']),
    MUSTER_SWEEP_INTERVAL_MS: String(SWEEP_MS),
    MUSTER_MIN_FREE_BYTES: '0',
  });
  try {
    const victim = victimOf(service, tally);
    await victim.start();
    const datamarts: Datamart[] = [];
    for (let i = 0; i < DATAMARTS; i++) datamarts.push(await createTorturedDatamart(service));
    await service.kill();
    const scene = { victim, datamarts, random, tally };
    const aims = aimsOf(random, kills);
    for (const [i, aim] of aims.entries()) {
      await killOnce(aim, scene);
      const isLast = i + 1 === aims.length || of.isOver();
      if ((i + 1) % KILLS_BETWEEN_COMPARISONS > 0 && !isLast) continue;
      await compareAll(scene);
      if (isLast) break;
      await changeCatalogue(scene);
      await service.kill();
    }
    await replayErrors(scene);
    if (!of.isOver()) await tortureErasure(scene);
    tally.histories += 1;
  } finally {
    await service.kill();
  }
}

/** Every point comes up as often as any other; two aims of five are at a moment. */
function aimsOf(random: Random, kills: number): Aim[] {
  let points: FaultPoint[] = [];
  return Array.from({ length: kills }, (): Aim => {
    const dice = random.below(20);
    if (dice < 7) return { type: 'moment', afterMs: random.below(700) };
    if (dice < 8) return { type: 'moment of the start', afterMs: 200 + random.below(1_500) };
    if (points.length === 0) points = [...POINTS];
    const [point] = points.splice(random.below(points.length), 1);
    return { type: 'point', point: point as FaultPoint, pass: random.oneOf([1, 1, 2, 3]) };
  });
}

/**
 * New files, and those that have no answer yet, are sent to a service that is going to be killed.
 */
async function killOnce(aim: Aim, { victim, datamarts, random }: Scene): Promise<void> {
  for (const datamart of datamarts) for (let i = random.below(5); i > 0; i--) addFile(datamart, random);
  const files = datamarts.flatMap(({ waiting }) => waiting);
  // sweeps take their time, too
  await victim.kill(aim, () => sendAndAwait(victim, files), random.below(3 * SWEEP_MS));
}

async function changeCatalogue({ datamarts, random }: Scene): Promise<void> {
  for (const { world, model, recent } of datamarts) {
    recent.length = 0;
    await world.setPaused('beta', random.below(2) === 0);
    if (random.below(2) === 0)
      model.removeSegment(await world.replaceSegment(random.oneOf(['lasting', 'alpha'])));
  }
}

/** Sends files with errors again, undisturbed: their error files are the same to the byte. */
async function replayErrors(scene: Scene): Promise<void> {
  const { service } = scene.victim;
  for (const datamart of scene.datamarts) {
    const failed = datamart.recent.filter(({ execution }) => (execution?.erroneous_tasks ?? 0) > 0);
    for (const file of failed.slice(-MOST_REPLAYED)) {
      if (file.execution === null) continue;
      const again = add(datamart, file);
      await send(service, again);
      await awaitEnd(service, again);
      assert.ok(again.execution !== null);
      assert.equal(
        await errorFile(service, file.execution),
        await errorFile(service, again.execution),
        'the error file of a disturbed execution is another one',
      );
      scene.tally.replayed += 1;
    }
  }
  await compareAll(scene);
}
