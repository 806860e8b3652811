import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLookUpTimes } from '../../src/look-up-times.ts';

/** Whether a p99 is the value, up to the tenth that it is told by. */
function isAbout(p99: number | null, ms: number): void {
  assert.ok(p99 !== null && p99 >= ms * 0.9999 && p99 <= ms * 1.1001, `${p99} is not about ${ms}`);
}

test('the p99 is that of the last five seconds, up to a tenth', () => {
  let now = 1_000_000;
  const times = createLookUpTimes(() => now);
  assert.equal(times.p99(), null);
  for (let i = 0; i < 985; i++) times.note(3);
  for (let i = 0; i < 15; i++) times.note(70);
  isAbout(times.p99(), 70);
  for (let i = 0; i < 600; i++) times.note(3);
  isAbout(times.p99(), 3);
  now += 4_000;
  isAbout(times.p99(), 3);
  for (let i = 0; i < 200; i++) times.note(40);
  isAbout(times.p99(), 40);
  now += 2_000;
  isAbout(times.p99(), 40);
  now += 5_000;
  assert.equal(times.p99(), null);
  times.note(1);
  assert.equal(times.p99(), null, 'one says little');
});

test('any time has its place, the shortest and the longest too', () => {
  for (const ms of [0.1, 0.11, 1, 19.9, 20, 21, 999, 60_000]) {
    const times = createLookUpTimes(() => 0);
    for (let i = 0; i < 10; i++) times.note(ms);
    isAbout(times.p99(), ms);
  }
  for (const [ms, told] of [
    [0, 0.1],
    [1e9, 0.1 * 1.1 ** 147],
  ] as const) {
    const times = createLookUpTimes(() => 0);
    for (let i = 0; i < 10; i++) times.note(ms);
    assert.equal(times.p99(), told);
  }
});

test('where few look-ups end, since they are held up, the slowest of them tells', () => {
  const times = createLookUpTimes(() => 0);
  for (let i = 0; i < 4; i++) times.note(1);
  assert.equal(times.p99(), null);
  times.note(3_000);
  isAbout(times.p99(), 3_000);
});
