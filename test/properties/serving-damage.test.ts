import assert from 'node:assert/strict';
import {
  closeSync,
  cpSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { userKey } from '../../src/model/user-key.ts';
import { openDuckDbStoreToCheck } from '../../src/store/duckdb/open-to-check.ts';
import { decodeFooter, encodeFooter, PAGE, TAIL } from '../../src/store/serving/run-format.ts';
import type { Store } from '../../src/store/store.ts';
import { runs } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { account, createSegment, NOW, update } from '../store/contract.ts';
import {
  byIdentifier,
  byPoint,
  compareAnswers,
  email,
  merge,
  openServed,
  type Question,
  runFilesOf,
  runsOf,
  violationsOf,
} from '../store/served-store.ts';

/** Some runs of several blocks each, which nobody merges meanwhile. */
const LIMITS = { inlineBytes: 300, mostRuns: { BUSY: 50, IDLE: 50 }, fewestMerged: 50, retryMs: 20 };
const USERS = Array.from({ length: 30 }, (_, i) => account(`user ${i}`));
const EMAIL = email('attached');
const BAG = JSON.stringify({ k: 'x'.repeat(900) });

/** `share`: a place in a file, from its start to its end. */
type Damage =
  | { readonly type: 'flip'; readonly part: Part; readonly share: number; readonly bit: number }
  | { readonly type: 'cut'; readonly share: number }
  | { readonly type: 'zeros' | 'swapPages' | 'swapWithAnother'; readonly share: number }
  | { readonly type: 'remove' }
  | { readonly type: 'swapFiles' }
  | { readonly type: 'unreadable' }
  | { readonly type: 'version'; readonly by: -1 | 1 };
type Part = 'blocks' | 'blockHeader' | 'index' | 'filter' | 'footer' | 'tail';

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const flip = fc.record({
  type: fc.constant('flip' as const),
  part: fc.constantFrom<Part>('blocks', 'blockHeader', 'index', 'filter', 'footer', 'tail'),
  share,
  bit: fc.nat(7),
});
const cut = fc.record({ type: fc.constant('cut' as const), share });
const inPlace: fc.Arbitrary<Damage> = fc.oneof(
  flip,
  cut,
  fc.record({ type: fc.constantFrom('zeros' as const, 'swapPages', 'swapWithAnother'), share }),
);
const whileClosed: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 2, arbitrary: inPlace },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Damage>(
      { type: 'remove' },
      { type: 'swapFiles' },
      { type: 'unreadable' },
      { type: 'version', by: -1 },
      { type: 'version', by: 1 },
    ),
  },
);

test('damage to runs is found, never told of, and repaired', async (t) => {
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  const template = path.join(folder, 'template');
  const { question, files } = await fill(template);
  let copies = 0;
  const copyOf = () => {
    const dir = path.join(folder, String(++copies));
    cpSync(template, dir, { recursive: true });
    return dir;
  };

  await t.test('before the store is opened', async () => {
    await fc.assert(
      fc.asyncProperty(whileClosed, fc.nat(), async (damage, pick) => {
        const dir = copyOf();
        harm(damage, filesIn(dir, files), pick);
        assert.deepEqual(await noticedIn(dir), ['serving-runs']);
        // it has its base before it is open, or answers from the tables at first
        const limits = { ...LIMITS, usersAtOpen: (pick % 2) * 1_000 };
        const { store, errors } = await openServed(dir, { limits });
        await assertRepaired({ dir, store, errors, question });
      }),
      { numRuns: runs(20), endOnFailure: true },
    );
  });

  await t.test('while it answers', async () => {
    await fc.assert(
      fc.asyncProperty(inPlace, fc.nat(), async (damage, pick) => {
        const dir = copyOf();
        const opened = await openServed(dir, { limits: LIMITS });
        harm(damage, filesIn(dir, files), pick);
        await compareAnswers(opened.store, question);
        // what it has in memory since it was opened it does not read again: that is found at the
        // next start
        const { store, errors } = opened.errors.length > 0 ? opened : await reopen(dir, opened.store);
        await assertRepaired({ dir, store, errors, question });
      }),
      { numRuns: runs(20), endOnFailure: true },
    );
  });
});

/** The checks that find something in a store that nobody has open. */
async function noticedIn(dir: string): Promise<readonly string[]> {
  const store = await openDuckDbStoreToCheck({ dir, memoryBytes: 256 * 1024 * 1024, threads: 2 });
  const results = await store.checkContent(NOW);
  await store.close();
  return results.filter(({ violations }) => violations > 0).map(({ name }) => name);
}

async function reopen(dir: string, store: Store) {
  await store.close();
  return openServed(dir, { limits: LIMITS });
}

/**
 * Answers are those of the tables, before and after the repair; the damage was logged once, and is
 * gone.
 */
async function assertRepaired(of: {
  dir: string;
  store: Store;
  errors: readonly string[];
  question: Question;
}): Promise<void> {
  const { dir, store, errors, question } = of;
  await compareAnswers(store, question);
  assert.ok(errors.length > 0, 'the damage was logged');
  for (const error of errors) assert.match(error, /^a serving run is damaged/);
  // it waits for what goes on in the background
  assert.deepEqual(await violationsOf(store, NOW), []);
  const logged = errors.length;
  await compareAnswers(store, question);
  assert.equal(errors.length, logged, 'nothing is damaged any more');
  const list = await runsOf(store);
  assert.deepEqual(
    [list.length, list[0]?.first],
    [1, 0],
    'a base of the tables has come in the place of all',
  );
  assert.deepEqual(
    await runFilesOf(dir),
    list.map(({ id }) => `${id}.run`),
  );
  await merge(store, [update('user 1', question.segmentIds[0] ?? '')], { now: NOW + 1 });
  await store.close();
  const again = await openServed(dir, { limits: LIMITS });
  await compareAnswers(again.store, question);
  assert.deepEqual(again.errors, []);
  await again.store.close();
  rmSync(dir, { recursive: true });
}

/**
 * Makes a store with a base and deltas that are files, some of which an older one of the same user
 * is beneath.
 */
async function fill(dir: string): Promise<{ question: Question; files: readonly string[] }> {
  const first = await openServed(dir, { limits: LIMITS });
  const segmentIds = [(await createSegment(first.store)).id, (await createSegment(first.store)).id];
  const [one = '', two = ''] = segmentIds;
  await merge(
    first.store,
    USERS.map((identifier) => ({ ...update('', one, { dataBag: BAG }), identifier })),
    {
      now: NOW,
    },
  );
  const userPointId = userKey('1', USERS[3] ?? assert.fail());
  await first.store.attachIdentifier({ datamartId: '1', identifier: EMAIL, userPointId, now: NOW });
  await first.store.eraseUser({ datamartId: '1', user: byIdentifier(USERS[4] ?? assert.fail()), now: NOW });
  await first.store.close();
  // all of it becomes the base
  await rmRuns(dir);
  const { store } = await openServed(dir, { limits: LIMITS });
  for (const [i, segmentId] of [two, one, two].entries()) {
    const some = USERS.filter((_, user) => user % (i + 2) === 0);
    const pairs = some.map((identifier) => ({
      ...update('', segmentId, {
        dataBag: BAG,
        operation: i === 1 ? 'DELETE' : 'UPDATE',
        expiresAt: NOW + 50,
      }),
      identifier,
    }));
    await merge(store, pairs, { now: NOW + 1 + i });
  }
  const files = (await runsOf(store)).filter(({ isFile }) => isFile);
  assert.equal(files.length, 4);
  await store.close();
  const question = {
    users: [...[...USERS, EMAIL, account('stranger')].map(byIdentifier), byPoint(USERS[3] ?? assert.fail())],
    segmentIds,
    datamartIds: ['1'],
    instants: [NOW + 10],
  };
  return { question, files: files.map(({ id }) => `${id}.run`) };
}

async function rmRuns(dir: string): Promise<void> {
  for (const name of await runFilesOf(dir)) rmSync(path.join(dir, 'serving', name));
}

function filesIn(dir: string, names: readonly string[]): readonly string[] {
  return names.map((name) => path.join(dir, 'serving', name));
}

function harm(damage: Damage, files: readonly string[], pick: number): void {
  const file = files[pick % files.length] ?? '';
  const other = files[(pick + 1) % files.length] ?? '';
  if (damage.type === 'cut') truncateSync(file, Math.floor(damage.share * statSync(file).size));
  else if (damage.type === 'remove') rmSync(file);
  else if (damage.type === 'swapFiles') swapFiles(file, other);
  else if (damage.type === 'unreadable') makeUnreadable(file);
  else overwrite(damage, file, other);
}

type Overwriting = Exclude<Damage, { readonly type: 'cut' | 'remove' | 'swapFiles' | 'unreadable' }>;

function overwrite(damage: Overwriting, file: string, other: string): void {
  const bytes = readFileSync(file);
  const before = Buffer.from(bytes);
  if (damage.type === 'flip') {
    const [start, end] = rangeOf(damage.part, bytes, damage.share);
    const at = start + Math.floor(damage.share * (end - start));
    bytes[at] = (bytes[at] as number) ^ (1 << damage.bit);
  } else if (damage.type === 'version') {
    const footer = decodeFooter(bytes);
    const end = encodeFooter({ ...footer, version: footer.version + damage.by });
    end.copy(bytes, bytes.length - end.length);
  } else {
    const { index } = decodeFooter(bytes);
    const pages = Math.ceil(index / PAGE);
    const page = Math.floor(damage.share * pages);
    const from = (i: number) => (i % pages) * PAGE;
    const until = (i: number) => Math.min(from(i) + PAGE, index);
    if (damage.type === 'zeros') bytes.fill(0, from(page), until(page));
    else if (damage.type === 'swapPages') {
      before.copy(bytes, from(page), from(page + 1), until(page + 1));
      before.copy(bytes, from(page + 1), from(page), until(page));
    } else {
      const { length } = bytes.subarray(from(page), until(page));
      readFileSync(other).subarray(0, length).copy(bytes, from(page));
    }
  }
  // a run of one block has none to swap
  if (bytes.equals(before)) bytes[0] = (bytes[0] as number) ^ 1;
  const handle = openSync(file, 'r+');
  writeSync(handle, bytes, 0, bytes.length, 0);
  closeSync(handle);
}

/** Where a part of a run lies; of headers, that of some block. */
function rangeOf(part: Part, bytes: Buffer, share: number): readonly [number, number] {
  const footer = decodeFooter(bytes);
  const tail = bytes.length - TAIL;
  const end = tail - Buffer.byteLength(JSON.stringify(footer));
  if (part === 'blocks') return [0, footer.index];
  if (part === 'blockHeader') {
    const entry = footer.index + Math.floor(share * footer.blocks) * 12;
    const start = bytes.readUInt32LE(entry + 8) * PAGE;
    return [start, start + 8];
  }
  if (part === 'index') return [footer.index, footer.filter];
  if (part === 'filter') return [footer.filter, end];
  return part === 'footer' ? [end, tail] : [tail, bytes.length];
}

function swapFiles(one: string, other: string): void {
  renameSync(one, `${one}.other`);
  renameSync(other, one);
  renameSync(`${one}.other`, other);
}

function makeUnreadable(file: string): void {
  rmSync(file);
  symlinkSync(file, file);
}
