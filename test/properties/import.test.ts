import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { type ExecutionAnswer, errorFile, executionsPath, runFile, runs, waitForEnd } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { Model, type ModelOutcome } from '../model/model.ts';
import type { ModelIdentifier } from '../model/read-command.ts';
import { Undo } from '../model/undo.ts';
import { warningsOf } from '../model/warnings.ts';
import { compareCounts, compareErrors, compareSizes, compareUsers, compareWarnings } from './compare.ts';
import { readErrorFile } from './error-file.ts';
import { csvFile, type FileDraft, ndjsonFile } from './files.ts';
import { createWorld, type SegmentName, type World } from './world.ts';

/** What happens to a datamart, one after the other. */
type Step =
  | { readonly type: 'import'; readonly file: FileDraft; readonly asked?: Asked }
  | { readonly type: 'setPaused'; readonly name: SegmentName; readonly paused: boolean }
  | { readonly type: 'replaceSegment'; readonly name: SegmentName }
  | { readonly type: 'attach'; readonly value: string; readonly pick: number }
  | { readonly type: 'archiveDefaultCompartment' }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'revert'; readonly pick: number };

/** What is asked for beside a file. */
type Asked = {
  readonly dryRun: boolean;
  readonly maxFailureRatio: number | null;
  /** `segments` null: those that the file names. */
  readonly replace: null | {
    readonly segments: readonly SegmentName[] | null;
    readonly maxShrinkRatio: number | null;
  };
};

const segmentName = fc.constantFrom<SegmentName>('alpha', 'beta', 'lasting', 'short');

const asked: fc.Arbitrary<Asked> = fc.record({
  dryRun: fc.boolean(),
  maxFailureRatio: fc.option(fc.constantFrom(0.2, 0.5, 1, 1, 1)),
  replace: fc.option(
    fc.record({
      segments: fc.option(fc.uniqueArray(segmentName, { minLength: 1, maxLength: 3 })),
      maxShrinkRatio: fc.option(fc.constantFrom(0, 0.3, 1, 1, 1)),
    }),
  ),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('import' as const), file: ndjsonFile(60) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('import' as const), file: csvFile(60) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('import' as const),
      file: fc.oneof(ndjsonFile(60), csvFile(60)),
      asked,
    }),
  },
  fc.record({ type: fc.constant('setPaused' as const), name: segmentName, paused: fc.boolean() }),
  fc.record({ type: fc.constant('replaceSegment' as const), name: segmentName }),
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('attach' as const),
      value: fc.constantFrom('vec:1', 'vec:2', 'vec:3', 'h2'),
      pick: fc.nat(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Step>({ type: 'archiveDefaultCompartment' }, { type: 'wait', ms: 450 }),
  },
);
/** A history always begins with a file, so that what follows has something to meet. */
const history = fc
  .tuple(ndjsonFile(60), fc.array(step, { minLength: 1, maxLength: 6 }))
  .map(([file, steps]): Step[] => [{ type: 'import', file }, ...steps]);

/** With one of what happened before taken back now and then. */
const revertedHistory = fc
  .tuple(
    ndjsonFile(60),
    fc.array(
      fc.oneof(
        { weight: 3, arbitrary: step },
        { weight: 2, arbitrary: fc.record({ type: fc.constant('revert' as const), pick: fc.nat() }) },
      ),
      { minLength: 2, maxLength: 8 },
    ),
  )
  .map(([file, steps]): Step[] => [{ type: 'import', file }, ...steps]);

test('imports do what the spec says, command after command', async (t) => {
  const service = await startService(t, { chunkRows: 7, chunkBytes: 4096, sweepIntervalMs: 200 });
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      const world = await createWorld(service);
      const model = new Model();
      for (const each of steps) await take(each, { service, world, model, undo: null });
    }),
    { numRuns: runs(6), endOnFailure: process.env.MUSTER_TEST_SHRINK === undefined },
  );
});

// In one batch each: whether a user who comes and goes within one file was touched depends on its
// batches.
test('what executions did is taken back, but for what was touched since', async (t) => {
  const service = await startService(t, { sweepIntervalMs: 200 });
  await fc.assert(
    fc.asyncProperty(revertedHistory, async (steps) => {
      const world = await createWorld(service);
      const scene: Scene = {
        service,
        world,
        model: new Model(),
        undo: { log: new Undo(), executions: [] },
      };
      for (const each of steps) await take(each, scene);
    }),
    { numRuns: runs(6), endOnFailure: process.env.MUSTER_TEST_SHRINK === undefined },
  );
});

type Scene = {
  readonly service: TestService;
  readonly world: World;
  readonly model: Model;
  /** What can be reverted; null where nothing is. */
  readonly undo: { readonly log: Undo; readonly executions: ExecutionAnswer[] } | null;
};

async function take(each: Step, scene: Scene): Promise<void> {
  const { world, model, undo } = scene;
  if (each.type === 'wait') await sleep(each.ms);
  else if (each.type === 'setPaused') await world.setPaused(each.name, each.paused);
  else if (each.type === 'replaceSegment') {
    const id = await world.replaceSegment(each.name);
    model.removeSegment(id);
    undo?.log.removeSegment(id);
  } else if (each.type === 'revert') await revert(each.pick, scene);
  else if (each.type === 'archiveDefaultCompartment') await world.archiveDefaultCompartment();
  else if (each.type === 'attach') await attach(each, scene);
  else await importFile(each, scene);
  await compareUsers({ client: scene.service, world, model });
  await compareSizes({ client: scene.service, world, model });
}

async function importFile(
  { file, asked }: { file: FileDraft; asked?: Asked },
  { service, world, model, undo }: Scene,
): Promise<void> {
  const { bytes, records, header } = file.write(world.names, Date.now());
  const query = queryOf(asked, world);
  const isRead = records.some(({ type }) => type !== 'broken');
  const execution = await runFile(service, file.format, bytes, { datamartId: world.datamartId, query }).catch(
    (error: unknown) => {
      if (isRead || !String(error).includes('got 400')) throw error;
      return null;
    },
  );
  // by its first bytes: there is no record in it, or none that can be read
  if (execution === null) return;
  const { start_date: startDate } = execution;
  assert.ok(startDate !== null);
  const before = model.copy();
  const tried = model.copy();
  const run = (on: Model) =>
    asked?.replace
      ? on.replace({ records, catalogue: world.catalogue(), startDate }, replacedIds(asked, world))
      : on.execute(records, world.catalogue(), startDate);
  const outcome = run(tried);
  const maxFailureRatio = asked?.maxFailureRatio ?? (asked?.replace ? 0 : 1);
  const isRefused =
    outcome.failures.length / Math.max(1, records.length) > maxFailureRatio ||
    isReplaceRefused({ asked, outcome, world }, (id) => [
      before.sizeOf(id, startDate).userPoints,
      tried.sizeOf(id, startDate).userPoints,
    ]);
  assert.equal(execution.status, isRefused ? 'FAILED' : 'SUCCEEDED', JSON.stringify(execution));
  assert.equal(execution.dry_run, asked?.dryRun ? true : undefined);
  const errors = readErrorFile(file.format, await errorFile(service, execution));
  compareErrors(errors, outcome.failures, bytes);
  for (const error of errors) assert.ok(error.message.length > 0, 'an error without a message');
  compareCounts(
    execution,
    isRefused
      ? { ...outcome, successes: 0, notApplied: outcome.successes, pairs: 0, userPointsCreated: 0, kept: 0 }
      : outcome,
  );
  await compareWarnings(service, execution, warningsOf({ records, header }, world.catalogue(), startDate));
  undo?.executions.push(execution);
  if (isRefused) return;
  if (!asked?.dryRun) {
    run(model);
    undo?.log.note(execution.id, { before, after: model, now: startDate });
  }
  for (const { segment_id, size_before, size_after } of execution.result.segments ?? []) {
    assert.equal(size_before, before.sizeOf(segment_id, startDate).userPoints, `${segment_id} before`);
    assert.equal(size_after, tried.sizeOf(segment_id, startDate).userPoints, `${segment_id} after`);
  }
}

function replacedIds(asked: Asked, world: World): readonly string[] | null {
  return asked.replace?.segments?.map((name) => world.names.get(name) ?? '') ?? null;
}

/**
 * Whether a replacement must not happen: nothing to replace, a paused segment, or one that would
 * lose too much.
 */
function isReplaceRefused(
  { asked, outcome, world }: { asked: Asked | undefined; outcome: ModelOutcome; world: World },
  sizes: (segmentId: string) => readonly [before: number, after: number],
): boolean {
  if (!asked?.replace) return false;
  const given = replacedIds(asked, world);
  if (given === null && outcome.successes === 0) return true;
  const { segments } = world.catalogue();
  if (given?.some((id) => segments.find((segment) => segment.id === id)?.paused)) return true;
  const most = asked.replace.maxShrinkRatio ?? 0.5;
  return [...(given ?? outcome.segmentIds)].some((id) => {
    const [before, after] = sizes(id);
    const lost = (before - after) / Math.max(1, before);
    return lost > most;
  });
}

function queryOf(asked: Asked | undefined, world: World): string {
  const query = new URLSearchParams();
  if (asked?.dryRun) query.set('dry_run', 'true');
  if (typeof asked?.maxFailureRatio === 'number')
    query.set('max_failure_ratio', String(asked.maxFailureRatio));
  if (asked?.replace) {
    query.set('mode', 'replace');
    const given = replacedIds(asked, world);
    if (given) query.set('segment_id', given.join(','));
    const { maxShrinkRatio } = asked.replace;
    if (maxShrinkRatio !== null) query.set('max_shrink_ratio', String(maxShrinkRatio));
  }
  return query.toString();
}

/** Reverts one of the executions so far, or sees that it cannot be. */
async function revert(pick: number, { service, world, undo }: Scene): Promise<void> {
  const execution = undo?.executions[pick % Math.max(1, undo.executions.length)];
  if (undo === null || execution === undefined) return;
  const documentImportId = String(execution.parameters.document_import_id);
  const path = executionsPath({ datamartId: world.datamartId, documentImportId });
  const answer = await service.call('POST', `${path}/${execution.id}/action`, { action: 'REVERT' });
  assert.equal(answer.status, undo.log.canRevert(execution.id) ? 200 : 409, answer.text);
  if (answer.status !== 200) return;
  const ended = await waitForEnd(service, (answer.json as { data: ExecutionAnswer }).data);
  assert.equal(ended.status, 'SUCCEEDED', JSON.stringify(ended));
  assert.ok(ended.start_date !== null);
  const expected = undo.log.revert(execution.id, { by: ended.id, now: ended.start_date });
  const { result } = ended;
  assert.deepEqual(
    {
      created: result.memberships_created,
      updated: result.memberships_updated,
      deleted: result.memberships_deleted,
      unchanged: result.unchanged,
      kept: result.memberships_kept,
    },
    expected,
  );
  undo.executions.push(ended);
}

/** Gives a user point that is known one more identifier, the way an association would. */
async function attach({ value, pick }: { value: string; pick: number }, scene: Scene): Promise<void> {
  const { service, world, model } = scene;
  const known = model.identifiers();
  const to = known[pick % Math.max(1, known.length)];
  const identifier: ModelIdentifier = {
    kind: value.startsWith('vec:') ? 'USER_AGENT' : 'USER_EMAIL',
    compartment: null,
    value,
  };
  if (to === undefined || model.find(identifier) !== null) return;
  const userPointId = await service.store.findUserPoint(world.datamartId, {
    by: 'identifier',
    identifier: { ...to, compartmentId: to.compartment ?? '0' },
  });
  assert.ok(userPointId !== null);
  const attached = await service.store.attachIdentifier({
    datamartId: world.datamartId,
    identifier: { ...identifier, compartmentId: '0' },
    userPointId,
    now: Date.now(),
  });
  assert.equal(attached, 'ATTACHED');
  model.attach(identifier, to);
}
