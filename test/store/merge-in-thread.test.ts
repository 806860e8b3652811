import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdir, readFile, truncate } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { mergeInThread } from '../../src/store/serving/merge-in-thread.ts';
import { mergeRuns } from '../../src/store/serving/merge-runs.ts';
import { Run } from '../../src/store/serving/run.ts';
import { runFile } from '../../src/store/serving/run-files.ts';
import { RunDamagedError } from '../../src/store/serving/run-format.ts';
import { type MadeRun, RunOutput } from '../../src/store/serving/run-output.ts';
import { discardFolder, makeFolder } from '../folder.ts';

const USERS = 2_000;
const SEGMENTS = [7, 8, 9];
const IN_MEMORY = { inlineBytes: 1 << 20 };
const IN_A_FILE = { inlineBytes: 0 };
const BAG = Buffer.from('{"tier":"gold"}');
/** Segment 8 was removed, and what expired up to then was swept. */
const KEPT = { segmentIds: new Set([7, 9]), expiringAfter: 1_500 };

test('a thread makes of runs, in files and in memory, what merging them here makes', async (t) => {
  const folder = await folderOf(t);
  for (const { inlineBytes } of [IN_MEMORY, IN_A_FILE])
    for (const base of [null, { kept: null }, { kept: KEPT }]) {
      const runs = await openRuns(t, folder, inlineBytes);
      const made = await mergeInThread(runs, { folder, inlineBytes, base, signal: never() });
      assert.equal('content' in made, inlineBytes > 0);
      const here = new RunOutput({ id: made.id, folder, mostKeys: 2 * USERS, ...IN_MEMORY });
      const keep = ({ segmentId, expirationTs }: { segmentId: number; expirationTs: number | null }) =>
        segmentId !== 8 && (expirationTs === null || expirationTs > 1_500);
      const keeper = base && { keep: base.kept && keep };
      for (const _ of mergeRuns(runs, here.writer, keeper));
      const expected = await here.finish();
      assert.deepEqual(await bytesOf(made), await bytesOf(expected));
      assert.equal(made.records, expected.records);
    }
});

test('a thread that finds a damaged run says so, and leaves no file', async (t) => {
  const folder = await folderOf(t);
  const runs = await openRuns(t, folder, 0);
  const files = (await readdir(folder)).sort();
  await truncate(runFile(folder, runs[1]?.footer.id ?? ''), 4096);
  await assert.rejects(merge(runs, folder), RunDamagedError);
  assert.deepEqual((await readdir(folder)).sort(), files);
});

test('a merge that is given up ends and leaves no file', async (t) => {
  const folder = await folderOf(t);
  const runs = await openRuns(t, folder, 0);
  const files = (await readdir(folder)).sort();
  const before = new AbortController();
  before.abort(new Error('closed'));
  await assert.rejects(merge(runs, folder, before.signal), /closed/);
  const during = new AbortController();
  const merging = merge(runs, folder, during.signal);
  during.abort();
  await assert.rejects(merging, /given up/);
  assert.deepEqual((await readdir(folder)).sort(), files);
});

async function folderOf(t: TestContext): Promise<string> {
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  return folder;
}

/** Two runs, the newest first, that have half of their users in common. */
async function openRuns(t: TestContext, folder: string, inlineBytes: number): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (const first of [USERS / 2, 0]) {
    const output = new RunOutput({ id: randomUUID(), folder, mostKeys: USERS, inlineBytes });
    for (let user = first; user < first + USERS; user++) {
      output.writer.beginUser(0, 0, 0, user, 1);
      for (const segment of SEGMENTS)
        if (user % segment !== first % 2)
          output.writer.membership(segment, 1_000, 1_000 + first, user % 3 === 0 ? user : null, BAG);
        else if (first > 0) output.writer.left(segment);
      output.writer.end();
      await output.flush();
    }
    runs.push(Run.open(await output.finish()));
  }
  t.after(() => runs.forEach((run) => void run.close()));
  return runs;
}

function merge(runs: readonly Run[], folder: string, signal = never()): Promise<MadeRun> {
  return mergeInThread(runs, { folder, inlineBytes: 0, base: { kept: null }, signal });
}

function never(): AbortSignal {
  return new AbortController().signal;
}

async function bytesOf(made: MadeRun): Promise<Buffer> {
  return 'content' in made ? made.content : readFile(made.file);
}
