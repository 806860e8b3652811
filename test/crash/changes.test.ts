import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded } from '../../src/model/execution.ts';
import {
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  getExecution,
  getSegment,
  membershipsOf,
  upload,
  waitForEnd,
} from '../client.ts';
import { type ServiceProcess, startProcess } from '../process.ts';

const SEED = Number(process.env.MUSTER_CRASH_SEED || Date.now() % 1_000_000);
const ROUNDS = Number(process.env.MUSTER_CRASH_ROUNDS || 4);
const USERS = 40_000;
const OWNER = { datamartId: '1', documentImportId: '1' };

type Range = { readonly from: number; readonly to: number };

test(`replacements and reverts survive being killed, seed ${SEED}`, async (t) => {
  const random = randomOf(SEED);
  const service = await startProcess(t, { MUSTER_CHUNK_ROWS: '5000' });
  const segmentId = await createSegment(service, { name: 'segment' });
  assert.equal(await createImport(service, { format: 'NDJSON' }), OWNER.documentImportId);
  await waitForEnd(
    service,
    await send(service, { segmentId, range: { from: USERS, to: USERS + 1 }, query: '' }),
  );
  /**
   * Who is in beside the last user, whom a failed line of each file names, state after state: a
   * revert goes back to the one before.
   */
  let before: Range = { from: 0, to: 0 };
  let now = before;
  let last: ExecutionAnswer | null = null;
  let killedWhileRunning = 0;

  for (let round = 0; round < ROUNDS; round++) {
    const from = Math.floor(random() * USERS);
    const next: Range =
      last !== null && round % 2 === 1
        ? before
        : { from, to: from + 1 + Math.floor(random() * (USERS - from)) };
    const execution: ExecutionAnswer =
      last !== null && round % 2 === 1
        ? await revert(service, last)
        : await replace(service, { segmentId, range: next });
    for (const pauseMs of [random() * 150, random() * 600]) {
      await sleep(pauseMs);
      const { status } = await getExecution(service, execution);
      if (status === 'RUNNING') killedWhileRunning += 1;
      await service.kill();
      await service.restart();
      const size = (await getSegment(service, segmentId)).user_points_count - 1;
      assert.ok([sizeOf(now), sizeOf(next)].includes(size), `${size} members, half of a step`);
    }
    await watchUntilEnd(service, { execution, segmentId, sizes: [sizeOf(now), sizeOf(next)] });
    const ended = await waitForEnd(service, execution, 120_000);
    assert.equal(ended.status, 'SUCCEEDED', JSON.stringify(ended));
    compareCounts(ended, now, next);
    await compareMembers(service, segmentId, next);
    [before, now, last] = [now, next, ended];

    // a dry run that is killed leaves nothing
    const dry = await replace(service, { segmentId, range: { from: 0, to: 5 } }, '&dry_run=true');
    await service.kill();
    await service.restart();
    assert.equal((await waitForEnd(service, dry)).status, 'SUCCEEDED');
    await compareMembers(service, segmentId, now);
  }
  assert.ok(killedWhileRunning >= 2, `killed in the middle ${killedWhileRunning} times`);
});

function sizeOf({ from, to }: Range): number {
  return to - from;
}

function overlap(one: Range, other: Range): number {
  return Math.max(0, Math.min(one.to, other.to) - Math.max(one.from, other.from));
}

/** The counts of an undisturbed run: who stays is left alone, in a replacement and in a revert. */
function compareCounts({ result, job_type }: ExecutionAnswer, from: Range, to: Range): void {
  const leaving = sizeOf(from) - overlap(from, to);
  const isRevert = job_type === 'REVERT';
  assert.deepEqual(
    {
      created: result.memberships_created,
      updated: result.memberships_updated,
      deleted: result.memberships_deleted,
      left: result.memberships_left ?? 0,
      unchanged: result.unchanged,
      kept: result.memberships_kept,
    },
    {
      created: sizeOf(to) - overlap(from, to),
      updated: 0,
      deleted: isRevert ? leaving : 0,
      left: isRevert ? 0 : leaving,
      unchanged: isRevert ? 0 : overlap(from, to),
      kept: isRevert ? 0 : 1,
    },
  );
}

async function compareMembers(service: ServiceProcess, segmentId: string, range: Range): Promise<void> {
  assert.equal((await getSegment(service, segmentId)).user_points_count, sizeOf(range) + 1);
  for (const i of [range.from - 1, range.from, range.to - 1, range.to]) {
    const memberships = (await membershipsOf(service, `user_account_id=u${i}`)) ?? [];
    assert.equal(memberships.length, i >= range.from && i < range.to ? 1 : 0, `user ${i}`);
  }
}

/** Sees that readers have the old set or the new one, and nothing between. */
async function watchUntilEnd(
  service: ServiceProcess,
  of: { execution: ExecutionAnswer; segmentId: string; sizes: readonly number[] },
): Promise<void> {
  while (!hasEnded((await getExecution(service, of.execution)).status)) {
    const size = (await getSegment(service, of.segmentId)).user_points_count - 1;
    assert.ok(of.sizes.includes(size), `${size} members while it runs`);
    await sleep(5);
  }
}

/**
 * Replaces the segment with a range of users; the file's first line names the last user, and fails.
 */
function replace(
  service: ServiceProcess,
  { segmentId, range }: { segmentId: string; range: Range },
  query = '',
): Promise<ExecutionAnswer> {
  const failed = { user_account_id: `u${USERS}`, segment_id: segmentId, expiration_duration: 'soon' };
  return send(service, {
    ...{ segmentId, range, query: `mode=replace&max_shrink_ratio=1&max_failure_ratio=1${query}` },
    before: `${JSON.stringify({ operation: 'UPDATE', ...failed })}\n`,
  });
}

async function send(
  service: ServiceProcess,
  of: { segmentId: string; range: Range; query: string; before?: string },
): Promise<ExecutionAnswer> {
  const { segmentId, range, query, before = '' } = of;
  const body = Array.from({ length: sizeOf(range) }, (_, i) =>
    JSON.stringify({
      ...{ operation: 'UPDATE', user_account_id: `u${range.from + i}` },
      ...{ segment_id: segmentId, expiration_duration: 0 },
    }),
  ).join('\n');
  return upload(service, { ...OWNER, format: 'NDJSON', body: before + body, query });
}

async function revert(service: ServiceProcess, execution: ExecutionAnswer): Promise<ExecutionAnswer> {
  const path = `${executionsPath(OWNER)}/${execution.id}/action`;
  return dataOf(service.call('POST', path, { action: 'REVERT' }));
}

/** Mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
