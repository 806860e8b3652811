import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, startCluster } from '../nodes/cluster.ts';
import { addFile, compareDatamart, createTorturedDatamart, type Datamart } from './datamart.ts';
import type { Random } from './random.ts';
import { awaitEnd, send } from './sent-file.ts';
import { killsOf, noteKill, type Tally } from './tally.ts';
import { allOf } from './victim.ts';

const DATAMARTS = 3;
/** One disturbance of so many is about the database. */
const DATABASE_EVERY = 4;

/**
 * Sends files to any node while nodes and the database are killed and started again at random, and
 * compares what came of it with the model after each round.
 */
export async function tortureNodes(of: {
  readonly cluster: Cluster;
  readonly random: Random;
  readonly rounds: number;
  readonly disturbances: number;
  readonly tally: Tally;
  readonly isOver: () => boolean;
}): Promise<void> {
  const { cluster, random, tally } = of;
  const datamarts: Datamart[] = [];
  for (let i = 0; i < DATAMARTS; i++) datamarts.push(await createTorturedDatamart(cluster.client));
  for (let round = 0; round < of.rounds && !of.isOver(); round++) {
    for (const datamart of datamarts) for (let i = 2 + random.below(6); i > 0; i--) addFile(datamart, random);
    await allOf([
      disturb(cluster, { random, tally, times: of.disturbances }),
      ...datamarts.map((datamart) => sendAll(cluster, datamart)),
    ]);
    for (const datamart of datamarts) await compareDatamart(cluster.client, datamart, tally);
  }
  tally.histories += 1;
}

/**
 * Files of one import one after the other, so that their executions have the order in which they
 * were sent.
 */
async function sendAll({ client }: Cluster, { waiting }: Datamart): Promise<void> {
  for (const file of waiting) await send(client, file);
  for (const file of waiting) await awaitEnd(client, file);
}

async function disturb(
  { nodes, postgres }: Cluster,
  { random, tally, times }: { random: Random; tally: Tally; times: number },
): Promise<void> {
  for (let i = 0; i < times; i++) {
    await sleep(200 + random.below(1_500));
    if (random.below(DATABASE_EVERY) === 0) {
      const signal = random.oneOf(['SIGQUIT', 'SIGQUIT', 'SIGINT'] as const);
      noteKill(tally, `the database by ${signal}`);
      await postgres.restart(signal);
      continue;
    }
    const node = random.oneOf(nodes);
    noteKill(tally, 'a node');
    if (random.below(3) > 0) await node.kill();
    else await node.terminate();
    await sleep(random.below(500));
    const startedAt = performance.now();
    await node.restart();
    tally.restartsMs.push(performance.now() - startedAt);
  }
}

/** Disturbances between two comparisons. */
const DISTURBANCES = 5;

/**
 * Tortures so many nodes over a PostgreSQL of their own until there were so many kills or the time
 * is up.
 */
export async function tortureCluster(
  of: {
    readonly folder: string;
    readonly nodes: number;
    readonly random: Random;
    readonly kills: number;
    readonly until: number;
  },
  tally: Tally,
): Promise<void> {
  const cluster = await startCluster(of.folder, of.nodes, { MUSTER_CHUNK_ROWS: '100' });
  try {
    await tortureNodes({
      ...{ cluster, random: of.random, tally, disturbances: DISTURBANCES },
      rounds: Math.ceil(of.kills / DISTURBANCES),
      isOver: () => Date.now() >= of.until || killsOf(tally) >= of.kills,
    });
  } finally {
    await cluster.close();
  }
}
