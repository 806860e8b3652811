import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { openStagingTable } from '../../src/import/stage/staging-table.ts';
import { type Checkpoint, type Execution, START } from '../../src/model/execution.ts';
import type { Membership } from '../../src/model/records.ts';
import { ANY_SEGMENT, type StagedChunk } from '../../src/store/merges.ts';
import type { Store } from '../../src/store/store.ts';
import { runs } from '../client.ts';
import {
  createSegment,
  NOW,
  type OpenStore,
  openFor,
  type Pair,
  remove,
  type StoreTest,
  update,
} from './contract.ts';

const LATER = NOW + 1000;
const USERS = Array.from({ length: 24 }, (_, i) => `u${i}`);
const AUTHOR = { tokenId: '1', tokenName: 'n', requestId: null, at: NOW };

/** What the contract says of rehearsals, replacements and reverts, as tests, for any driver. */
export function changeSetContract(name: string, open: OpenStore): void {
  describe(`store contract, change sets: ${name}`, () => {
    const withStore = (title: string, run: (context: StoreTest) => Promise<void>) =>
      test(title, async (t) => run(await openFor(t, open)));

    withStore('a rehearsal counts what the merge does, and a revert takes it back', async (context) => {
      await fc.assert(
        fc.asyncProperty(commandLists(1), commandLists(3), async ([first = []], chunks) => {
          const segments = await makeSegments(context);
          await context.run(pairsOf(first, segments));
          const before = await stateOf(context);
          const execution = await context.claimed(LATER);
          const staged = await stage(context, { execution, chunks, segments });
          const rehearsal = await context.store.openRehearsal();
          const rehearsed = await mergeAll(rehearsal.mergeChunk, staged);
          const effects = await rehearsal.segments();
          await rehearsal.close();
          assert.deepEqual(await stateOf(context), before, 'a rehearsal writes nothing');
          const sizes = await sizesOf(context, segments);
          const merged = await mergeAll(context.store.mergeChunk, staged);
          assert.deepEqual(merged.effects, rehearsed.effects);
          const after = await sizesOf(context, segments);
          for (const { segmentId, sizeBefore, sizeAfter } of effects)
            assert.deepEqual([sizes.get(segmentId), after.get(segmentId)], [sizeBefore, sizeAfter]);
          await end(context.store, execution);
          await revert(context, execution);
          assert.deepEqual(await stateOf(context), before);
        }),
        { numRuns: runs(4) },
      );
    });

    withStore(
      'a replaced segment holds whom the commands leave in it, and whom failed lines name',
      async (context) => {
        await fc.assert(
          fc.asyncProperty(
            commandLists(1),
            commandLists(3),
            namedLists,
            async ([first = []], chunks, names) => {
              const segments = await makeSegments(context);
              await context.run(pairsOf(first, segments));
              const before = await stateOf(context);
              const execution = await context.claimed(LATER);
              const replacement = await context.store.openReplacement();
              const staged = await stage(context, { execution, chunks, segments });
              const [named, ...more] = await stageNamed(context, names, segments);
              const withNamed = staged.map((chunk, i) => ({
                ...chunk,
                namedTable: (i === 0 ? named : i === 1 ? more[0] : null) ?? null,
              }));
              await mergeAll(replacement.mergeChunk, withNamed);
              const asked = { segmentIds: [segments[0] ?? ''], judge: () => null };
              const counted = await replacement.apply({ ...asked, purpose: 'COUNT' });
              assert.deepEqual(await stateOf(context), before, 'counting writes nothing');
              const refused = await replacement.apply({ ...asked, purpose: 'APPLY', judge: () => 'no' });
              assert.deepEqual(refused, { type: 'REFUSED', reason: 'no' });
              assert.deepEqual(await stateOf(context), before, 'what is refused is not written');
              const applied = await replacement.apply({ ...asked, purpose: 'APPLY' });
              await replacement.close();
              assert.deepEqual(applied, counted);
              const kept = keptIn({
                first,
                commands: chunks.flat(),
                names: names.slice(0, staged.length).flat(),
              });
              assert.deepEqual(
                await membersOf(context, segments[0] ?? ''),
                [...membersAfter([], pairsOf(chunks.flat(), segments), segments[0] ?? ''), ...kept].sort(),
              );
              assert.ok(applied.type === 'MERGED');
              assert.equal(applied.checkpoint.effects.membershipsKept, kept.length);
              // the other one is not replaced: the commands are applied to it
              assert.deepEqual(
                await membersOf(context, segments[1] ?? ''),
                membersAfter(pairsOf(first, segments), pairsOf(chunks.flat(), segments), segments[1] ?? ''),
              );
              await end(context.store, execution);
              await revert(context, execution);
              assert.deepEqual(await stateOf(context), before);
            },
          ),
          { numRuns: runs(4) },
        );
      },
    );

    withStore('a revert leaves alone what was touched since, in every part', async (context) => {
      const { id } = await createSegment(context.store);
      const execution = await context.claimed();
      const [chunk] = await stage(context, {
        execution,
        chunks: [USERS.map((user) => ({ user, segment: 0, out: false, bag: null }))],
        segments: [id],
      });
      await mergeAll(context.store.mergeChunk, [chunk as StagedChunk]);
      await end(context.store, execution);
      const touched = USERS.filter((_, i) => i % 3 === 0);
      await context.run(
        touched.map((user, i) => (i % 2 === 0 ? remove(user, id) : update(user, id, { dataBag: '{"k":1}' }))),
        LATER,
      );
      const state = (await stateOf(context)).filter((_, i) => i % 3 === 0);
      const { effects, offset, pairs } = await revert(context, execution);
      assert.deepEqual(
        [effects.membershipsDeleted, effects.membershipsKept, offset, pairs],
        [USERS.length - touched.length, touched.length, USERS.length, USERS.length],
      );
      const after = await stateOf(context);
      assert.deepEqual(
        after.filter((_, i) => i % 3 === 0),
        state,
      );
      assert.ok(after.every((memberships, i) => i % 3 === 0 || memberships.length === 0));
    });
  });
}

type Command = { user: string; segment: number; out: boolean; bag: string | null };

/** Up to so many chunks of commands. */
function commandLists(most: number) {
  const command = fc.record({
    user: fc.constantFrom(...USERS),
    segment: fc.nat(1),
    out: fc.boolean(),
    bag: fc.constantFrom(null, '{"k":1}', '{"k":2}', '{}'),
  });
  return fc.array(fc.array(command, { minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: most });
}

/** Users whom failed lines name, in one of two segments or in any. */
type Named = { user: string; segment: number | null };

const namedLists = fc.array(
  fc.array(fc.record({ user: fc.constantFrom(...USERS), segment: fc.option(fc.nat(1)) }), { maxLength: 12 }),
  { minLength: 2, maxLength: 2 },
);

function stageNamed(
  { store }: StoreTest,
  lists: readonly (readonly Named[])[],
  segments: readonly string[],
): Promise<readonly (string | null)[]> {
  return Promise.all(
    lists.map(async (list) => {
      const table = await openStagingTable(store.staging, '1');
      for (const { user, segment } of list) {
        const segmentId = segment === null ? ANY_SEGMENT : (segments[segment] ?? '');
        table.append(1, {
          ...update(user, segmentId),
          operation: 'DELETE',
          targets: [{ segmentId, expiresAt: null }],
        });
      }
      return table.finish();
    }),
  );
}

/** Who stays in the first segment for being named alone. */
function keptIn(of: {
  first: readonly Command[];
  commands: readonly Command[];
  names: readonly Named[];
}): readonly string[] {
  const members = membersAfter([], pairsOf(of.first, ['0', '1']), '0');
  const isCommanded = (user: string) => of.commands.some((each) => each.user === user && each.segment === 0);
  const isNamed = (user: string) => of.names.some((each) => each.user === user && each.segment !== 1);
  return members.filter((user) => isNamed(user) && !isCommanded(user));
}

async function makeSegments({ store }: StoreTest): Promise<readonly string[]> {
  return [(await createSegment(store)).id, (await createSegment(store)).id];
}

function pairsOf(commands: readonly Command[], segments: readonly string[]): readonly Pair[] {
  return commands.map(({ user, segment, out, bag }) =>
    out ? remove(user, segments[segment] ?? '') : update(user, segments[segment] ?? '', { dataBag: bag }),
  );
}

/** Stages chunks one after the other; `mergeAll` says where each begins. */
async function stage(
  { store }: StoreTest,
  of: { execution: Execution; chunks: readonly (readonly Command[])[]; segments: readonly string[] },
): Promise<readonly StagedChunk[]> {
  const { execution, chunks, segments } = of;
  const catalogue = await store.datamarts.catalogue('1');
  const staged: StagedChunk[] = [];
  let line = 0;
  for (const commands of chunks) {
    const table = await openStagingTable(store.staging, '1');
    for (const { identifier, operation, dataBag, segmentId, expiresAt } of pairsOf(commands, segments))
      table.append(++line, { identifier, operation, dataBag, targets: [{ segmentId, expiresAt }] });
    staged.push({
      table: await table.finish(),
      execution: { id: execution.id, datamartId: '1', startDate: execution.startDate ?? 0 },
      worker: 'w',
      catalogueVersion: catalogue?.version ?? -1,
      from: START,
      to: { ...START, offset: line, line, successes: line, pairs: line },
    });
  }
  return staged;
}

async function mergeAll(
  mergeChunk: Store['mergeChunk'],
  chunks: readonly StagedChunk[],
): Promise<Checkpoint> {
  let from: Checkpoint = START;
  for (const chunk of chunks) {
    const outcome = await mergeChunk({ ...chunk, from });
    assert.ok(outcome.type === 'MERGED', outcome.type);
    from = outcome.checkpoint;
  }
  return from;
}

async function end(store: Store, { id }: Execution): Promise<void> {
  const done = { worker: 'w', status: 'SUCCEEDED', failure: null, now: LATER } as const;
  assert.equal(await store.executions.finish({ id, ...done }), true);
}

let folders = 0;

/**
 * Reverts an execution, part after part; resolves to where that ends. One that changed nothing
 * cannot be reverted.
 */
async function revert({ store }: StoreTest, { id }: Execution): Promise<Checkpoint> {
  const preview = await store.previewRevert({ executionId: id, now: LATER });
  const made = await store.executions.revert(id, {
    ...{ folder: `reverted-${++folders}`, userId: null, now: LATER, author: AUTHOR },
  });
  if (typeof made === 'string') assert.equal(preview, made);
  if (made === 'NOTHING_CHANGED') return START;
  assert.ok(made !== null && typeof made !== 'string', String(made));
  const lease = { worker: 'w', now: LATER, leaseUntil: LATER + 1000, most: { documents: 1, bytes: 0 } };
  const [execution] = await store.executions.claim(lease);
  assert.equal(execution?.id, made.id);
  const changes = made.document.bytes;
  let from: Checkpoint = made.checkpoint;
  while (from.offset < changes) {
    const outcome = await store.revertPart({
      execution: { id: made.id, datamartId: '1', startDate: execution?.startDate ?? 0 },
      ...{ worker: 'w', reverted: id, changes, from },
    });
    assert.ok(outcome.type === 'MERGED', outcome.type);
    assert.ok(outcome.checkpoint.line > from.line && outcome.checkpoint.offset >= from.offset);
    from = outcome.checkpoint;
  }
  await end(store, made);
  assertPreviewed(preview, from);
  return from;
}

/** What was previewed is what the revert did. */
function assertPreviewed(
  preview: Awaited<ReturnType<Store['previewRevert']>>,
  { effects }: Checkpoint,
): void {
  assert.ok(preview !== null && typeof preview !== 'string', String(preview));
  const sum = (count: 'created' | 'updated' | 'deleted' | 'unchanged' | 'kept') =>
    preview.reduce((total, segment) => total + segment[count], 0);
  assert.deepEqual(
    [sum('created'), sum('updated'), sum('deleted'), sum('unchanged'), sum('kept')],
    [
      effects.membershipsCreated,
      effects.membershipsUpdated,
      effects.membershipsDeleted,
      effects.unchanged,
      effects.membershipsKept,
    ],
  );
}

/** The memberships of every user, with their instants. */
function stateOf(context: StoreTest): Promise<readonly (readonly Membership[])[]> {
  return Promise.all(USERS.map((user) => context.membershipsOf(user, LATER)));
}

async function sizesOf(
  { store }: StoreTest,
  segmentIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const sizes = await store.countMembers({ segmentIds, now: LATER });
  return new Map(segmentIds.map((id) => [id, sizes.get(id)?.userPoints ?? 0]));
}

async function membersOf({ store }: StoreTest, segmentId: string): Promise<readonly string[]> {
  const members = await store.listMembers({ segmentId, after: null, most: 1000, now: LATER });
  return members.map(({ identifiers }) => identifiers[0]?.value ?? '').sort();
}

/** Who is in a segment after commands, by the last one of each user. */
function membersAfter(
  before: readonly Pair[],
  commands: readonly Pair[],
  segmentId: string,
): readonly string[] {
  const isIn = new Map<string, boolean>();
  for (const pair of [...before, ...commands])
    if (pair.segmentId === segmentId) isIn.set(pair.identifier.value, pair.operation === 'UPDATE');
  return [...isIn].flatMap(([user, member]) => (member ? [user] : [])).sort();
}
