import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlowReads } from '../../src/store/serving/slow-reads.ts';

const QUICK_MS = 0.005;

test('a long read now and then says nothing about the disk', () => {
  const reads = new SlowReads();
  for (let i = 0; i < 2_000; i++) {
    reads.note(i % 100 === 0 ? 30 : QUICK_MS);
    assert.equal(reads.areLikely, false, `after read ${i}`);
  }
});

test('look-ups leave the event loop after a few slow reads, and come back to it once the disk is quick', () => {
  const reads = new SlowReads();
  let held = 0;
  while (!reads.areLikely) {
    reads.note(8);
    held++;
  }
  assert.ok(held <= 4, `${held} slow reads held up the event loop`);
  let aside = 0;
  for (; reads.areLikely; aside++) reads.noteAside();
  assert.ok(aside >= 256, `only ${aside} look-ups read on another thread`);
  for (let i = 0; i < 100; i++) reads.note(QUICK_MS);
  assert.equal(reads.areLikely, false);
});

test('a disk that stays slow holds up the event loop for few of many look-ups', () => {
  const reads = new SlowReads();
  let held = 0;
  for (let i = 0; i < 10_000; i++) {
    if (reads.areLikely) reads.noteAside();
    else {
      reads.note(8);
      held++;
    }
  }
  assert.ok(held <= 40, `${held} of 10,000`);
});

test('where every read takes half a millisecond they are done aside too, and where all take 50 µs none is', () => {
  const slow = new SlowReads();
  for (let i = 0; i < 16 && !slow.areLikely; i++) slow.note(0.5);
  assert.equal(slow.areLikely, true);
  const quick = new SlowReads();
  for (let i = 0; i < 1_000; i++) quick.note(0.05);
  assert.equal(quick.areLikely, false);
});
