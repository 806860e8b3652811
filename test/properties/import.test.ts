import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { errorFile, runFile, runs } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { Model } from '../model/model.ts';
import type { ModelIdentifier } from '../model/read-command.ts';
import { compareCounts, compareErrors, compareSizes, compareUsers } from './compare.ts';
import { readErrorFile } from './error-file.ts';
import { csvFile, type FileDraft, ndjsonFile } from './files.ts';
import { createWorld, type SegmentName, type World } from './world.ts';

/** What happens to a datamart, one after the other. */
type Step =
  | { readonly type: 'import'; readonly file: FileDraft }
  | { readonly type: 'setPaused'; readonly name: SegmentName; readonly paused: boolean }
  | { readonly type: 'replaceSegment'; readonly name: SegmentName }
  | { readonly type: 'attach'; readonly value: string; readonly pick: number }
  | { readonly type: 'archiveDefaultCompartment' }
  | { readonly type: 'wait'; readonly ms: number };

const segmentName = fc.constantFrom<SegmentName>('alpha', 'beta', 'lasting', 'short');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('import' as const), file: ndjsonFile(60) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('import' as const), file: csvFile(60) }) },
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

test('imports do what the spec says, command after command', async (t) => {
  const service = await startService(t, { chunkRows: 7, chunkBytes: 4096, sweepIntervalMs: 200 });
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      const world = await createWorld(service);
      const model = new Model();
      for (const each of steps) await take(each, { service, world, model });
    }),
    { numRuns: runs(15), endOnFailure: process.env.MUSTER_TEST_SHRINK === undefined },
  );
});

type Scene = { readonly service: TestService; readonly world: World; readonly model: Model };

async function take(each: Step, scene: Scene): Promise<void> {
  const { service, world, model } = scene;
  if (each.type === 'wait') await sleep(each.ms);
  else if (each.type === 'setPaused') await world.setPaused(each.name, each.paused);
  else if (each.type === 'replaceSegment') model.removeSegment(await world.replaceSegment(each.name));
  else if (each.type === 'archiveDefaultCompartment') await world.archiveDefaultCompartment();
  else if (each.type === 'attach') await attach(each, scene);
  else {
    const { bytes, records } = each.file.write(world.names, Date.now());
    const execution = await runFile(service, each.file.format, bytes, { datamartId: world.datamartId });
    assert.equal(execution.status, 'SUCCEEDED', JSON.stringify(execution));
    assert.ok(execution.start_date !== null);
    const outcome = model.execute(records, world.catalogue(), execution.start_date);
    const errors = readErrorFile(each.file.format, await errorFile(service, execution));
    compareErrors(errors, outcome.failures, bytes);
    for (const error of errors) assert.ok(error.message.length > 0, 'an error without a message');
    compareCounts(execution, outcome);
  }
  await compareUsers({ client: service, world, model });
  await compareSizes({ client: service, world, model });
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
  assert.equal(attached, true);
  model.attach(identifier, to);
}
