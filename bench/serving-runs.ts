import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openDuckDbStore } from '../src/store/duckdb/open-duckdb-store.ts';
import { mergeRuns } from '../src/store/serving/merge-runs.ts';
import { Run } from '../src/store/serving/run.ts';
import { keyHalves, type RunKey } from '../src/store/serving/run-key.ts';
import { RunWriter } from '../src/store/serving/run-writer.ts';
import { type PlacedRun, ServingRuns } from '../src/store/serving/serving-runs.ts';
import { describeMachine } from './machine.ts';

/**
 * What serving runs take, on disk, in memory and of the processor: `node --import tsx
 * bench/serving-runs.ts [users]`. Its figures are in docs/serving-runs.md. Times of the processor
 * are those of the whole process.
 */
const USERS = Number(process.argv[2] ?? 1_000_000);
const LOOK_UPS = 200_000;
const READS = 2_000;
const DAY = 86_400_000;
const BAG = Buffer.from('{"score":17,"tier":"a"}');

type Kind = { readonly memberships: number; readonly expires: boolean; readonly bag: boolean };

const KINDS: readonly Kind[] = [3, 10].flatMap((memberships) => [
  { memberships, expires: false, bag: false },
  { memberships, expires: true, bag: false },
  { memberships, expires: true, bag: true },
]);

const folder = mkdtempSync(path.join(os.tmpdir(), 'muster-serving-'));
try {
  console.log(describeMachine().join('\n'));
  console.log(`${USERS.toLocaleString('en')} users\n`);
  measureSizes();
  const base = makeRun('base', randomKeys(USERS), { memberships: 3, expires: true, bag: false });
  await measureLookUps(base);
  measureMerge(base);
  await measureReads(base);
  base.run.close();
  await measureTables();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

type Made = { readonly run: Run; readonly keys: Uint32Array; readonly file: string };

/** Keys in ascending order, four words each. */
function randomKeys(count: number): Uint32Array {
  const firsts = Float64Array.from({ length: count }, word).sort();
  const keys = Uint32Array.from({ length: 4 * count }, word);
  // a first word that comes twice would need its second words in order
  for (let i = 0; i < count; i++) keys[4 * i] = firsts[i] as number;
  for (let i = 1; i < count; i++)
    if (keys[4 * i] === keys[4 * i - 4]) keys[4 * i + 1] = ((keys[4 * i - 3] as number) | 1) + 1;
  return keys;
}

function word(): number {
  return Math.floor(Math.random() * 2 ** 32);
}

function keyAt(keys: Uint32Array, i: number): RunKey {
  return [keys[4 * i], keys[4 * i + 1], keys[4 * i + 2], keys[4 * i + 3]] as unknown as RunKey;
}

function makeRun(name: string, keys: Uint32Array, { memberships, expires, bag }: Kind): Made {
  const file = path.join(folder, name);
  const fd = openSync(file, 'w');
  const count = keys.length / 4;
  const writer = new RunWriter(name, count);
  let last = -1;
  for (let i = 0; i < count; i++) {
    const [k0, k1, k2, k3] = keyAt(keys, i);
    if (k0 === last) continue;
    last = k0;
    writer.beginUser(k0, k1, k2, k3, 1);
    let segment = 0;
    for (let each = 0; each < memberships; each++) {
      segment += 1 + ((k3 >>> each) & 15);
      // a month of nightly files, each with a date of its own
      const created = 1_764_460_000_000 + ((k2 >>> each) % 30) * DAY;
      writer.membership(segment, created, created, expires ? created + 30 * DAY : null, bag ? BAG : null);
    }
    writer.end();
    flush(writer, fd);
  }
  writeSync(fd, writer.finish().rest);
  closeSync(fd);
  return { file, keys, run: openRun(name, file) };
}

function flush(writer: RunWriter, fd: number): void {
  const blocks = writer.take();
  if (blocks !== null) writeSync(fd, blocks);
}

function openRun(id: string, file: string): Run {
  const bytes = Number(execFileSync('stat', ['-c', '%s', file], { encoding: 'utf8' }));
  return Run.open({ id, bytes, file });
}

function measureSizes(): void {
  for (const kind of KINDS) {
    const keys = randomKeys(USERS);
    const start = cpuMs();
    const { run, file } = makeRun('sized', keys, kind);
    const ms = cpuMs() - start;
    const { records } = run.footer;
    const what = `${kind.memberships} memberships${kind.expires ? ', expiry' : ''}${kind.bag ? `, data bag of ${BAG.length} bytes` : ''}`;
    show(what, [
      ['bytes a user on disk', run.bytes / records],
      ['in memory', run.memoryBytes / records],
      ['µs of CPU a membership written', (1000 * ms) / (records * kind.memberships)],
    ]);
    run.close();
    rmSync(file);
  }
}

/** As the store answers, but for the names of segments. */
async function measureLookUps(base: Made): Promise<void> {
  const deltas = Array.from({ length: 8 }, (_, i) =>
    makeRun(`delta${i}`, randomKeys(Math.ceil(USERS / 50)), { memberships: 1, expires: true, bag: false }),
  );
  const placed = (made: Made, step: number): PlacedRun => ({ first: step, last: step, run: made.run });
  const lists = {
    'the base alone': [placed(base, 0)],
    'the base and 8 runs of 2 % of its users': [
      ...deltas.map((each, i) => placed(each, 8 - i)),
      placed(base, 0),
    ],
  };
  for (const [what, list] of Object.entries(lists)) {
    const runs = new ServingRuns((damage) => {
      throw damage;
    });
    runs.replace(list);
    const count = base.keys.length / 4;
    const known = Array.from({ length: LOOK_UPS }, () =>
      keyHalves(keyAt(base.keys, Math.floor(Math.random() * count))),
    );
    const unknown = Array.from({ length: LOOK_UPS }, () => keyHalves([word(), word(), word(), word()]));
    const figures: [string, number][] = [];
    for (const [name, keys] of Object.entries({ found: known, 'not found': unknown })) {
      const start = cpuMs();
      const times: number[] = [];
      for (const key of keys) {
        const from = performance.now();
        await runs.lookUp(key, 'identifier');
        times.push(1000 * (performance.now() - from));
      }
      figures.push(
        [`µs of CPU a look-up, ${name}`, (1000 * (cpuMs() - start)) / LOOK_UPS],
        ...percentiles(times),
      );
    }
    const { reads, vain, aside, lookUps } = runs.counts;
    figures.push(
      ['reads a look-up', reads / lookUps],
      ['of these in vain', vain / reads],
      ['aside', aside / lookUps],
    );
    show(what, figures);
  }
  for (const { run } of deltas) run.close();
}

function measureMerge(base: Made): void {
  const deltas = [0, 1].map((i) =>
    makeRun(`merged${i}`, randomKeys(Math.ceil(USERS / 10)), { memberships: 3, expires: true, bag: false }),
  );
  const runs = [...deltas, base].map(({ run }) => run);
  for (const keep of [null, () => true]) {
    const file = path.join(folder, 'merged');
    const fd = openSync(file, 'w');
    const writer = new RunWriter(
      'merged',
      runs.reduce((sum, { footer }) => sum + footer.records, 0),
    );
    const start = cpuMs();
    for (const _ of mergeRuns(runs, writer, { keep })) flush(writer, fd);
    writeSync(fd, writer.finish().rest);
    const ms = cpuMs() - start;
    closeSync(fd);
    rmSync(file);
    const what =
      keep === null
        ? 'merge into a base, records as they are'
        : 'merge into a base, each membership looked at';
    show(what, [['µs of CPU a user', (1000 * ms) / writer.records]]);
  }
  for (const { run } of deltas) run.close();
}

/** A store that has no runs is opened: until they are made of its tables, these answer. */
async function measureTables(): Promise<void> {
  const of = { dir: path.join(folder, 'store'), memoryBytes: 2 ** 30, threads: 2, now: 1_764_460_000_000 };
  const empty = await openDuckDbStore(of);
  const connection = await empty.staging.connect();
  const key = `hash(i) as hi, hash(i + ${2 ** 40}) as lo`;
  await connection.run(
    `insert into muster.user_identifier_ordered
     select hi, lo, hi, lo, 1, 1, 1, 1, 'user ' || i, ${of.now} from (select i, ${key} from range(${USERS}) t(i)) order by hi`,
  );
  await connection.run(
    `insert into muster.membership_ordered
     select hi, lo, s, 1, ${of.now}, ${of.now}, ${of.now + 30 * DAY}, null
     from (select ${key} from range(${USERS}) t(i)), range(1, 4) u(s) order by hi`,
  );
  await connection.run('delete from muster.serving_run');
  connection.closeSync();
  await empty.close();
  const start = performance.now();
  const cpu = cpuMs();
  const store = await openDuckDbStore(of);
  const opened = performance.now();
  while (!store.servingState?.().isWhole) await new Promise((resolve) => setTimeout(resolve, 50));
  show('made of the tables, 3 memberships', [
    ['s until the store is open', (opened - start) / 1000],
    ['s until runs answer', (performance.now() - start) / 1000],
    ['µs of CPU a user', (1000 * (cpuMs() - cpu)) / USERS],
    ['MiB resident at most', process.resourceUsage().maxRSS / 1024],
  ]);
  await store.close();
}

/** A read on the event loop, and one on another thread; from the page cache, and from the disk. */
async function measureReads({ run, file }: Made): Promise<void> {
  const ways = {
    readSync: (block: number) => Promise.resolve(run.readBlock(block)),
    read: (block: number) => run.readBlockAside(block),
  };
  const randomBlock = () => Math.floor(Math.random() * run.blocks);
  for (const cache of ['cached', 'not cached']) {
    for (const [way, readBlock] of Object.entries(ways)) {
      if (cache === 'not cached') {
        // asks the system to drop what it caches of the file
        execFileSync('dd', [`of=${file}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'], {
          stdio: 'ignore',
        });
      } else {
        for (let block = 0; block < run.blocks; block++) run.readBlock(block);
      }
      const times: number[] = [];
      const start = cpuMs();
      for (let i = 0; i < READS; i++) {
        const from = performance.now();
        await readBlock(randomBlock());
        times.push(1000 * (performance.now() - from));
      }
      const cpu = cpuMs() - start;
      show(`${way}, ${cache}`, [['µs of CPU', (1000 * cpu) / READS], ...percentiles(times)]);
    }
  }
}

function percentiles(times: number[]): [string, number][] {
  times.sort((one, other) => one - other);
  const at = (share: number) => times[Math.floor(share * times.length)] as number;
  return [
    ['µs p50', at(0.5)],
    ['p99', at(0.99)],
    ['p99.9', at(0.999)],
  ];
}

/** Of the whole process, in ms. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function show(what: string, figures: readonly (readonly [string, number])[]): void {
  console.log(`${what}: ${figures.map(([name, value]) => `${value.toPrecision(3)} ${name}`).join(', ')}`);
}
