import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChunkTaker, importDocument } from '../../src/import/import-document.ts';
import { type Checkpoint, type Execution, NO_EFFECTS } from '../../src/model/execution.ts';
import { NOW, setUp } from './one-file.ts';

const FULL = 4096;
const FIRST = 512;

test('chunks grow to a full one, and who goes on cuts the file where the one before would have', async (t) => {
  const { store, claim, jobOf } = await setUp(t);
  const execution = await claim('w', NOW, NOW + 60_000);
  const cutsFrom = async (checkpoint: Checkpoint, firstChunkShare: number) => {
    const cuts: Checkpoint[] = [];
    const taker: ChunkTaker = {
      needs: 'TALLY',
      firstChunkShare,
      mergeChunk: async ({ to }) => ({ type: 'MERGED', checkpoint: { ...to, effects: NO_EFFECTS } }),
    };
    const from: Execution = { ...execution, checkpoint };
    const onCheckpoint = (each: Checkpoint) => void cuts.push(each);
    assert.equal(
      await importDocument(
        jobOf(from, 'w', { taker, onCheckpoint, limits: { bytes: FULL, rows: 100_000 } }),
        store,
      ),
      'DONE',
    );
    return cuts;
  };
  const cuts = await cutsFrom(execution.checkpoint, FIRST / FULL);
  const sizes = cuts.map(({ offset }, i) => offset - (cuts[i - 1]?.offset ?? 0));
  // it ends with a whole line
  const line = 50;
  for (const [i, size] of sizes.slice(0, -1).entries()) {
    const wanted = Math.min(FULL, Math.max(FIRST, cuts[i - 1]?.offset ?? 0));
    assert.ok(Math.abs(size - wanted) <= line, `chunk ${i} has ${size} bytes, wanted about ${wanted}`);
  }
  assert.ok(Math.max(...sizes) > FULL - line, `${sizes}`);
  for (const [i, cut] of cuts.slice(0, -1).entries()) {
    const rest = await cutsFrom(cut, FIRST / FULL);
    assert.deepEqual(
      rest.map(({ offset }) => offset),
      cuts.slice(i + 1).map(({ offset }) => offset),
    );
  }
  const whole = await cutsFrom(execution.checkpoint, 1);
  assert.ok(
    (whole[0]?.offset ?? 0) > FULL - line,
    'a store that does not ask for it gets full chunks at once',
  );
});
