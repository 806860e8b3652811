import assert from 'node:assert/strict';
import { generate, userId } from '../../bench/workload.ts';
import { type Client, createSegment, getSegment, membershipsOf, runFile } from '../client.ts';
import { prepareProcess } from '../process.ts';
import type { Random } from './random.ts';
import type { Tally } from './tally.ts';
import { type Aim, victimOf } from './victim.ts';

/** More than the rows beyond which an idle store puts a table in order. */
const USERS = 110_000;
const SEGMENTS = 3;
const SAMPLE = 100;
/** The runner looks every 5 s whether there is something to put in order. */
const COMPACTION_AT_MS = 5_000;
const MOST_WAIT_MS = 12_000;

/**
 * Kills the service while it puts its tables in order; after each kill it holds what it held
 * before.
 */
export async function tortureCompaction(of: {
  readonly folder: string;
  readonly random: Random;
  readonly kills: number;
  readonly tally: Tally;
}): Promise<void> {
  const { random, tally } = of;
  const service = await prepareProcess(of.folder);
  try {
    const victim = victimOf(service, tally);
    await victim.start();
    const segmentIds: string[] = [];
    for (let i = 0; i < SEGMENTS; i++)
      segmentIds.push(await createSegment(service, { name: `segment ${i}` }));
    const workload = { format: 'NDJSON', lines: USERS, users: USERS, segmentIds, badPerMille: 0 } as const;
    const blocks = generate({
      ...workload,
      deletePerMille: 0,
      repeatedPerMille: 0,
      seed: random.below(1_000),
    });
    const { result } = await runFile(service, 'NDJSON', [...blocks].join(''));
    assert.equal(result.memberships_created, USERS);
    const users = Array.from({ length: SAMPLE }, () => userId(random.below(USERS)));
    const before = await describeStore(service, segmentIds, users);
    assert.ok(before.users.every((memberships) => memberships !== null));
    await service.kill();
    for (let i = 0; i < of.kills; i++) {
      const aim: Aim =
        i % 2 === 0
          ? { type: 'point', point: 'compaction-step', pass: 1 + random.below(2) }
          : { type: 'moment', afterMs: COMPACTION_AT_MS + random.below(600) };
      const same = async () => assert.deepEqual(await describeStore(service, segmentIds, users), before);
      await victim.kill(aim, same, MOST_WAIT_MS);
    }
    await victim.start();
    assert.deepEqual(await describeStore(service, segmentIds, users), before);
    tally.histories += 1;
  } finally {
    await service.kill();
  }
}

async function describeStore(client: Client, segmentIds: readonly string[], users: readonly string[]) {
  const segments: unknown[] = [];
  for (const id of segmentIds) segments.push(await getSegment(client, id));
  const memberships: unknown[] = [];
  for (const user of users) memberships.push(await membershipsOf(client, `user_account_id=${user}`));
  return { segments, users: memberships };
}
