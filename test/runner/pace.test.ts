import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { openLogger } from '../../src/log.ts';
import { createPace, type HeldBack, MOST_PAUSE_MS } from '../../src/pace.ts';
import { startPace } from '../../src/runner/start-pace.ts';

/** A pace whose time passes by its pauses and by `work`, and what it has told. */
function setUp(goalMs: number) {
  let now = 1_000;
  let p99: number | null = null;
  const pauses: number[] = [];
  const told: (HeldBack & { readonly what: 'BEGIN' | 'END' })[] = [];
  let counted = 0;
  const pace = createPace({
    goalMs,
    p99: () => p99,
    now: () => now,
    wait: async (ms, signal) => {
      pauses.push(ms);
      // others may begin to wait meanwhile
      await Promise.resolve();
      if (!signal.aborted) now += ms;
    },
    onBegin: (of) => told.push({ what: 'BEGIN', ...of }),
    onEnd: (of) => told.push({ what: 'END', ...of }),
    onPaused: (ms) => {
      counted += ms;
    },
  });
  return {
    ...{ pace, told, pauses },
    counted: () => counted,
    measure: (ms: number | null) => {
      p99 = ms;
    },
    work: (ms: number) => {
      now += ms;
    },
    /** Begins a chunk; resolves to how long it paused before that. */
    chunk: async (signal = new AbortController().signal, mostMs = MOST_PAUSE_MS) => {
      const before = pauses.length;
      let shown = 0;
      await pace.beforeChunk({
        signal,
        mostMs,
        onPause: () => {
          shown++;
        },
      });
      const made = pauses.slice(before);
      assert.equal(shown, made.length, 'each pause is shown before it begins');
      return made.reduce((sum, ms) => sum + ms, 0);
    },
  };
}

async function chunks(of: ReturnType<typeof setUp>, count: number): Promise<number[]> {
  const paused: number[] = [];
  for (let i = 0; i < count; i++) {
    paused.push(await of.chunk());
    of.work(1_000);
  }
  return paused;
}

test('pauses double while look-ups are slow, up to a bound, and halve until there are none', async () => {
  const scene = setUp(20);
  assert.deepEqual(await chunks(scene, 2), [0, 0], 'nobody looks anything up');
  scene.measure(20);
  assert.deepEqual(await chunks(scene, 2), [0, 0], 'as quick as they are to be');
  assert.deepEqual(scene.told, []);
  scene.measure(20.1);
  assert.deepEqual(await chunks(scene, 8), [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  assert.deepEqual(scene.pace.state(), { goalMs: 20, p99Ms: 20.1, isHeldBack: true });
  scene.measure(3);
  assert.deepEqual(await chunks(scene, 8), [2_500, 1_250, 625, 312.5, 156.25, 78.125, 0, 0]);
  assert.deepEqual(scene.pace.state(), { goalMs: 20, p99Ms: 3, isHeldBack: false });
  const pausedMs = 16_300 + 4_921.875;
  assert.equal(scene.counted(), pausedMs);
  assert.deepEqual(scene.told, [
    { what: 'BEGIN', p99Ms: 20.1, goalMs: 20, ms: 0, pauses: 0, pausedMs: 0 },
    { what: 'END', p99Ms: 3, goalMs: 20, ms: pausedMs + 14_000, pauses: 14, pausedMs },
  ]);
});

test('it is the next time as the first time, when nobody looks anything up any more', async () => {
  const scene = setUp(20);
  scene.measure(500);
  assert.deepEqual(await chunks(scene, 2), [100, 200]);
  scene.measure(null);
  assert.deepEqual(await chunks(scene, 3), [100, 0, 0]);
  scene.measure(500);
  assert.deepEqual(await chunks(scene, 2), [100, 200]);
  assert.deepEqual(
    scene.told.map(({ what }) => what),
    ['BEGIN', 'END', 'BEGIN'],
  );
});

test('with goal 0 imports never pause', async () => {
  const scene = setUp(0);
  scene.measure(60_000);
  assert.deepEqual(await chunks(scene, 5), [0, 0, 0, 0, 0]);
  assert.deepEqual(scene.told, []);
  assert.equal(scene.pace.state().isHeldBack, false);
});

test('executions that run beside each other share a step', async () => {
  const scene = setUp(20);
  scene.measure(500);
  const { signal } = new AbortController();
  const of = { signal, mostMs: MOST_PAUSE_MS, onPause: () => undefined };
  await Promise.all([1, 2, 3].map(() => scene.pace.beforeChunk(of)));
  assert.deepEqual(scene.pauses, [100, 100, 100]);
  scene.work(1_000);
  assert.equal(await scene.chunk(), 200);
});

test('a timer that is a little early does not make the next pause as short as the one before', async () => {
  const scene = setUp(20);
  scene.measure(500);
  assert.equal(await scene.chunk(), 100);
  scene.work(-1);
  assert.equal(await scene.chunk(), 200);
});

test('a pause is as long as its work may be put off, and the steps go on', async () => {
  const scene = setUp(20);
  scene.measure(500);
  await chunks(scene, 6);
  assert.equal(await scene.chunk(undefined, 500), 500);
  assert.ok(scene.counted() >= 500);
});

test('who is to stop does not pause', async () => {
  const scene = setUp(20);
  scene.measure(500);
  assert.equal(await scene.chunk(AbortSignal.abort()), 0);
  assert.deepEqual(scene.told, []);
});

test('the end is told though nothing is imported any more', async () => {
  const scene = setUp(20);
  scene.measure(500);
  await chunks(scene, 1);
  scene.work(20_000);
  scene.pace.settle();
  assert.equal(scene.pace.state().isHeldBack, true, 'a chunk may take so long');
  scene.work(10_000);
  scene.pace.settle();
  scene.pace.settle();
  assert.deepEqual(
    scene.told.map(({ what, pauses }) => [what, pauses]),
    [
      ['BEGIN', 0],
      ['END', 1],
    ],
  );
  assert.equal(scene.pace.state().isHeldBack, false);
  assert.equal(await scene.chunk(), 100, 'it begins anew');
});

test('the log has a line when imports begin to pause and one when they no longer do, and a stop ends a pause', async (t) => {
  const lines: Record<string, unknown>[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  let p99: number | null = 1_234.56;
  const pace = startPace({ goalMs: 20, p99: () => p99 }, openLogger('info', destination));
  t.after(() => pace.close());
  const stop = new AbortController();
  const before = (signal: AbortSignal) =>
    pace.beforeChunk({ signal, mostMs: MOST_PAUSE_MS, onPause: () => undefined });
  const begunAt = performance.now();
  for (let i = 0; i < 2; i++) await before(stop.signal);
  assert.ok(performance.now() - begunAt >= 290, 'a tenth of a second and then two');
  const pausing = before(stop.signal);
  setTimeout(() => stop.abort(), 10);
  const stoppedAt = performance.now();
  await pausing;
  assert.ok(performance.now() - stoppedAt < 300);
  p99 = null;
  for (let i = 0; i < 10 && pace.state().isHeldBack; i++) await before(new AbortController().signal);
  const told = lines.map(({ msg, level, p99_ms, goal_ms }) => ({ msg, level, p99_ms, goal_ms }));
  assert.deepEqual(told, [
    { msg: 'look-ups are slow: imports pause between chunks', level: 40, p99_ms: 1_234.6, goal_ms: 20 },
    { msg: 'imports no longer pause for look-ups', level: 30, p99_ms: null, goal_ms: 20 },
  ]);
  const { pauses, paused_ms, ms } = lines[1] ?? {};
  assert.ok(
    Number(pauses) >= 5,
    `${pauses}: of 100, 200 and 400 ms, one of them cut short, and shorter ones`,
  );
  assert.ok(Number(paused_ms) >= 290 && Number(ms) >= Number(paused_ms));
});
