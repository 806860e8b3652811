import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { KeyFilter } from '../../src/store/serving/key-filter.ts';
import { mergeRuns } from '../../src/store/serving/merge-runs.ts';
import { findRecord, Run, type RunSource, recordsOf } from '../../src/store/serving/run.ts';
import {
  decodeFooter,
  encodeFooter,
  PAGE,
  RECORD_KIND,
  RunDamagedError,
  type RunFooter,
  TAIL,
} from '../../src/store/serving/run-format.ts';
import { compareKeys, type RunKey } from '../../src/store/serving/run-key.ts';
import {
  keyOf,
  kindOf,
  pointOf,
  type RecordAt,
  type RunMembership,
  userOf,
} from '../../src/store/serving/run-record.ts';
import { RunWriter } from '../../src/store/serving/run-writer.ts';
import { runs } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';

/** What a run says of a key, as a test writes it down. */
type Said =
  | { readonly kind: 'ALIAS'; readonly point: RunKey }
  | { readonly kind: 'ERASED' }
  | {
      readonly kind: 'USER' | 'USER_ANEW';
      readonly datamartId: number;
      readonly memberships: readonly SaidMembership[];
    };
/** `stay` null: the user left. */
type SaidMembership = {
  readonly segmentId: number;
  readonly stay: null | {
    readonly creationTs: number;
    readonly lastModifiedTs: number;
    readonly expirationTs: number | null;
    readonly dataBag: string | null;
  };
};
type Content = readonly (readonly [RunKey, Said])[];

const plain = <T>(model: { [name in keyof T]: fc.Arbitrary<T[name]> }) =>
  fc.record(model, { noNullPrototype: true });
const YEAR_9999 = 253_402_300_799_999;
/** Beyond what files can bring: older versions took any number. */
const FAR = [-1, -8_640_000_000_000_001, 2 ** 48 - 1, 2 ** 48, Number.MAX_SAFE_INTEGER];
const instant = fc.oneof(
  fc.constantFrom(0, 1, 1_800_000_000_000, YEAR_9999, ...FAR),
  fc.nat(2_000_000_000_000),
);
/** Many share words with others: the index knows the first 53 bits alone. */
const word = fc.oneof(fc.constantFrom(0, 1, 0x7fff_ffff, 0xffff_ffff), fc.nat(0xffff_ffff));
const key: fc.Arbitrary<RunKey> = fc.tuple(
  fc.constantFrom(0, 7, 0xffff_ffff),
  fc.constantFrom(0, 1, 2, 0x800, 0xffff_ffff),
  word,
  word,
);
const dataBag = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }) },
  // more than a page, and more than many
  { weight: 1, arbitrary: fc.constantFrom('x'.repeat(5_000), '😀'.repeat(16_000)) },
);
const membership: fc.Arbitrary<SaidMembership> = plain({
  segmentId: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 2 ** 31 })),
  stay: fc.option(
    plain({
      creationTs: instant,
      modifiedTs: fc.option(instant),
      expirationTs: fc.option(instant),
      dataBag: fc.option(dataBag),
    }).map(({ modifiedTs, ...of }) => ({ ...of, lastModifiedTs: modifiedTs ?? of.creationTs })),
    { freq: 4 },
  ),
});
const said: fc.Arbitrary<Said> = fc.oneof(
  {
    weight: 8,
    arbitrary: plain({
      kind: fc.constantFrom('USER' as const, 'USER' as const, 'USER' as const, 'USER_ANEW' as const),
      datamartId: fc.integer({ min: 1, max: 300 }),
      memberships: fc
        .uniqueArray(membership, { selector: ({ segmentId }) => segmentId, maxLength: 6 })
        .map((all) => [...all].sort((one, other) => one.segmentId - other.segmentId)),
    }),
  },
  { weight: 1, arbitrary: plain({ kind: fc.constant('ALIAS' as const), point: key }) },
  { weight: 1, arbitrary: plain({ kind: fc.constant('ERASED' as const) }) },
);
const content: fc.Arbitrary<Content> = fc
  .uniqueArray(fc.tuple(key, said), { selector: ([each]) => each.join(), maxLength: 120 })
  .map((all) => [...all].sort(([one], [other]) => compareKeys(one, other)));

/** A run of it, in a file or in memory. */
async function write(folder: string, records: Content): Promise<{ id: string; bytes: number } & RunSource> {
  const id = randomUUID();
  const writer = new RunWriter(id, records.length * 3);
  const taken: Buffer[] = [];
  for (const [at, each] of records) {
    writeRecord(writer, at, each);
    const blocks = writer.take();
    if (blocks !== null) taken.push(blocks);
  }
  return finish(folder, writer, taken);
}

async function finish(
  folder: string,
  writer: RunWriter,
  taken: readonly Buffer[] = [],
): Promise<{ id: string; bytes: number } & RunSource> {
  const bytes = Buffer.concat([...taken, writer.finish().rest]);
  const of = { id: writer.id, bytes: bytes.length };
  if (bytes.length % 2 === 0) return { ...of, content: bytes };
  const file = path.join(folder, writer.id);
  await writeFile(file, bytes);
  return { ...of, file };
}

function writeRecord(writer: RunWriter, at: RunKey, each: Said): void {
  if (each.kind === 'ALIAS') writer.alias(at, each.point);
  else if (each.kind === 'ERASED') writer.erased(at);
  else writeUser(writer, at, each);
}

function writeUser(writer: RunWriter, at: RunKey, of: Extract<Said, { datamartId: number }>): void {
  writer.beginUser(...at, of.datamartId, RECORD_KIND[of.kind]);
  for (const { segmentId, stay } of of.memberships) {
    if (stay === null) writer.left(segmentId);
    else {
      const bag = stay.dataBag === null ? null : Buffer.from(stay.dataBag);
      writer.membership(segmentId, stay.creationTs, stay.lastModifiedTs, stay.expirationTs, bag);
    }
  }
  writer.end();
}

function read(record: RecordAt): Said {
  const kind = kindOf(record);
  if (kind === RECORD_KIND.ALIAS) return { kind: 'ALIAS', point: pointOf(record) };
  if (kind === RECORD_KIND.ERASED) return { kind: 'ERASED' };
  const { datamartId, memberships } = userOf(record);
  return {
    kind: kind === RECORD_KIND.USER ? 'USER' : 'USER_ANEW',
    datamartId,
    memberships: memberships.map(readMembership),
  };
}

function readMembership(each: RunMembership): SaidMembership {
  const { segmentId } = each;
  if (each.left) return { segmentId, stay: null };
  const { creationTs, lastModifiedTs, expirationTs, dataBag } = each;
  return {
    segmentId,
    stay: { creationTs, lastModifiedTs, expirationTs, dataBag: dataBag?.toString() ?? null },
  };
}

/** All that a run says, block by block. */
function contentOf(run: Run): Content {
  const all: (readonly [RunKey, Said])[] = [];
  for (let block = 0; block < run.blocks; block++)
    for (const record of recordsOf(run.readBlock(block))) all.push([keyOf(record), read(record)]);
  return all;
}

/** What a run says of one key, as look-ups find it. */
function find(run: Run, wanted: RunKey): Said | null {
  let block = run.blockOf(wanted);
  if (block < 0) return null;
  let record = findRecord(run.readBlock(block), wanted);
  while (record === null && run.mayGoOn(block, wanted)) record = findRecord(run.readBlock(++block), wanted);
  return record && read(record);
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  return folder;
}

/** Bags are compared as the bytes that they are stored as: a lone surrogate has none. */
function stored(records: Content): Content {
  const asStored = (text: string | null) => text && Buffer.from(text).toString();
  return records.map(([at, each]) => {
    if (each.kind === 'ALIAS' || each.kind === 'ERASED') return [at, each];
    const memberships = each.memberships.map(({ segmentId, stay }) => ({
      segmentId,
      stay: stay && { ...stay, dataBag: asStored(stay.dataBag) },
    }));
    return [at, { ...each, memberships }];
  });
}

test('a run gives what was written, record after record and by key', async (t) => {
  const folder = await folderOf(t);
  await fc.assert(
    fc.asyncProperty(content, fc.array(key, { maxLength: 20 }), async (records, others) => {
      const run = Run.open(await write(folder, records));
      try {
        const expected = stored(records);
        assert.deepEqual(contentOf(run), expected);
        assert.equal(run.footer.records, records.length);
        for (const [at, each] of expected) assert.deepEqual(find(run, at), each);
        const known = new Set(records.map(([at]) => at.join()));
        for (const other of others) if (!known.has(other.join())) assert.equal(find(run, other), null);
      } finally {
        run.close();
      }
    }),
    { numRuns: runs(150) },
  );
});

test('a block holds many users whose keys share 53 bits, and the next ones the others', async (t) => {
  const folder = await folderOf(t);
  const records = Array.from({ length: 700 }, (_, i): Content[number] => [
    [7, 0, Math.floor(i / 2), i],
    { kind: 'USER', datamartId: i + 1, memberships: [] },
  ]);
  const run = Run.open(await write(folder, records));
  t.after(() => run.close());
  assert.ok(run.blocks > 3);
  for (const [at, each] of records) assert.deepEqual(find(run, at), each);
});

test('merged runs say what the runs say one over the other', async (t) => {
  const folder = await folderOf(t);
  const all = fc.array(content, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(all, fc.constantFrom('DELTA', 'BASE', 'BASE_KEPT'), async (contents, into) => {
      const open = await Promise.all(contents.map(async (each) => Run.open(await write(folder, each))));
      const writer = new RunWriter(randomUUID(), 1_000);
      const keep = (each: { expirationTs: number | null }) => each.expirationTs !== YEAR_9999;
      const base = into === 'DELTA' ? null : { keep: into === 'BASE' ? null : keep };
      for (const _ of mergeRuns(open, writer, base)) await null;
      for (const run of open) run.close();
      const merged = Run.open(await finish(folder, writer));
      try {
        assert.deepEqual(contentOf(merged), expectedOf(contents.map(stored), into));
      } finally {
        merged.close();
      }
    }),
    { numRuns: runs(150) },
  );
});

/** The model of a merge: `contents`, the newest first, applied from the oldest to the newest. */
function expectedOf(contents: readonly Content[], into: string): Content {
  const state = new Map<string, readonly [RunKey, Said]>();
  for (const records of [...contents].reverse())
    for (const [at, each] of records) state.set(at.join(), [at, over(each, state.get(at.join())?.[1])]);
  const merged = [...state.values()].sort(([one], [other]) => compareKeys(one, other));
  if (into === 'DELTA') return merged;
  const oldest = contents.at(-1) ?? [];
  const isUntouched = (at: RunKey) =>
    contents.every((records) => records === oldest || !records.some(([each]) => compareKeys(each, at) === 0));
  return merged.flatMap(([at, each]): Content => {
    // nothing new of a key: its record is copied, and a base has neither erased users nor those who
    // left
    if (into === 'BASE' && isUntouched(at)) return [[at, each]];
    if (each.kind === 'ERASED') return [];
    if (each.kind === 'ALIAS') return [[at, each]];
    const memberships = each.memberships.filter(
      ({ stay }) => stay !== null && (into === 'BASE' || stay.expirationTs !== YEAR_9999),
    );
    return [[at, { ...each, kind: 'USER', memberships }]];
  });
}

function over(newer: Said, older: Said | undefined): Said {
  if (newer.kind !== 'USER' || older === undefined) return newer;
  if (older.kind === 'ALIAS' || older.kind === 'ERASED') return { ...newer, kind: 'USER_ANEW' };
  const bySegment = new Map(
    [...older.memberships, ...newer.memberships].map((each) => [each.segmentId, each]),
  );
  const memberships = [...bySegment.values()].sort((one, other) => one.segmentId - other.segmentId);
  return { ...newer, kind: older.kind, memberships };
}

test('a filter never says of a key that it has that it has not, whatever size it was made for', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(word, word, word, word), { maxLength: 300 }),
      fc.nat(100_000),
      (keys, most) => {
        const filter = KeyFilter.for(most);
        for (const [k0, , k2, k3] of keys) filter.add(k0, k2, k3);
        const before = filter.bytes.length;
        filter.fit(keys.length);
        assert.ok(filter.bytes.length <= before);
        const copy = KeyFilter.from(filter.bytes);
        for (const each of keys) assert.ok(copy.mayHave(each));
      },
    ),
    { numRuns: runs(300) },
  );
});

test('a filter that was made for a hundred times the keys says "not here" of nearly all others', () => {
  const filter = KeyFilter.for(200_000);
  let seed = 1;
  const next = () => {
    seed = (Math.imul(seed ^ (seed >>> 15), 0x2c1b_3c6d) + 0x9e37_79b9) >>> 0;
    return seed;
  };
  const keyOfNext = (): RunKey => [next(), next(), next(), next()];
  for (let i = 0; i < 2_000; i++) {
    const [k0, , k2, k3] = keyOfNext();
    filter.add(k0, k2, k3);
  }
  filter.fit(2_000);
  assert.ok(filter.bytes.length <= 2 * 2_000 * 1.4, `${filter.bytes.length} bytes`);
  const wrong = Array.from({ length: 10_000 }, keyOfNext).filter((each) => filter.mayHave(each)).length;
  assert.ok(wrong < 300, `${wrong} of 10,000`);
});

test('a user with more than 16 MiB of data bags has a record like any other', async (t) => {
  const folder = await folderOf(t);
  const bag = `{"k":"${'x'.repeat(64 * 1024 - 8)}"}`;
  const stay = { creationTs: 5, lastModifiedTs: 6, expirationTs: null, dataBag: bag };
  const memberships = Array.from({ length: 300 }, (_, i) => ({ segmentId: i + 1, stay }));
  const records: Content = [
    [[1, 1, 1, 1], { kind: 'USER', datamartId: 1, memberships: [] }],
    [[1, 1, 1, 2], { kind: 'USER', datamartId: 1, memberships }],
    [[1, 1, 1, 3], { kind: 'ALIAS', point: [1, 1, 1, 2] }],
  ];
  const of = await write(folder, records);
  const run = Run.open(of);
  assert.ok(of.bytes > 2 ** 24);
  assert.deepEqual(contentOf(run), records);
  for (const [at, each] of records) assert.deepEqual(find(run, at), each);
  run.close();
  if ('file' in of) await rm(of.file);
});

/**
 * A run of some blocks, the last of which is not full, one with a record that is longer than a
 * page.
 */
function bytesOfRun(id: string): Buffer {
  const writer = new RunWriter(id, 100);
  for (let i = 0; i < 60; i++) {
    writer.beginUser(i, 7, 7, 7, 1);
    writer.membership(1, 5, 5, null, Buffer.from('x'.repeat(i === 30 ? 5_000 : 150)));
    writer.end();
  }
  return writer.finish().rest;
}

/** Reads all that there is in a run; throws when something is not what was written. */
function readAll(id: string, bytes: Buffer): Run {
  const run = Run.open({ id, bytes: bytes.length, content: bytes });
  for (let block = 0; block < run.blocks; block++) run.readBlock(block);
  return run;
}

test('no byte of a run can be another one, and none can be missing', () => {
  const id = randomUUID();
  const bytes = bytesOfRun(id);
  assert.equal(readAll(id, bytes).blocks > 3, true);
  for (let at = 0; at < bytes.length; at++) {
    const spoilt = Buffer.from(bytes);
    spoilt[at] = (spoilt[at] as number) ^ (1 << (at % 8));
    assert.throws(() => readAll(id, spoilt), RunDamagedError, `byte ${at} of ${bytes.length}`);
    // as it is, and as if it had always been that long
    assert.throws(() => readAll(id, bytes.subarray(0, at)), RunDamagedError, `cut at ${at}`);
    const cut = { id, bytes: bytes.length, content: bytes.subarray(0, at) };
    assert.throws(() => Run.open(cut), RunDamagedError, `cut at ${at}`);
  }
  assert.throws(() => readAll(id, Buffer.concat([bytes, Buffer.alloc(1)])), RunDamagedError);
  assert.throws(() => readAll(id, Buffer.concat([Buffer.alloc(PAGE), bytes])), RunDamagedError);
});

test('a block is itself at its own place in its own run alone', () => {
  const [id, otherId] = [randomUUID(), randomUUID()];
  const [bytes, other] = [bytesOfRun(id), bytesOfRun(otherId)];
  const pages = Math.floor(decodeFooter(bytes).index / PAGE);
  const page = (of: Buffer, i: number) => of.subarray(i * PAGE, (i + 1) * PAGE);
  for (let i = 0; i < pages; i++) {
    // of the inside of a long record: it says the same in both
    if (page(other, i).equals(page(bytes, i))) continue;
    const mixed = Buffer.from(bytes);
    page(other, i).copy(mixed, i * PAGE);
    assert.throws(() => readAll(id, mixed), RunDamagedError, `page ${i} of another run`);
    for (let j = 0; j < i; j++) {
      const swapped = Buffer.from(bytes);
      page(bytes, i).copy(swapped, j * PAGE);
      page(bytes, j).copy(swapped, i * PAGE);
      assert.throws(() => readAll(id, swapped), RunDamagedError, `pages ${i} and ${j}`);
    }
  }
  assert.throws(() => readAll(id, other), /it is another run/);
});

test('a run of another version of the format is not read, however sound it is', () => {
  const id = randomUUID();
  const bytes = bytesOfRun(id);
  const footer = decodeFooter(bytes);
  for (const version of [footer.version - 1, footer.version + 1]) {
    const more: RunFooter = { ...footer, version };
    const changed = Buffer.concat([bytes.subarray(0, endOfTables(bytes, footer)), encodeFooter(more)]);
    assert.throws(() => readAll(id, changed), new RegExp(`its format is version ${version}, not`));
  }
});

function endOfTables(bytes: Buffer, footer: RunFooter): number {
  return bytes.length - TAIL - Buffer.byteLength(JSON.stringify(footer));
}
