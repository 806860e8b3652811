import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeRuns } from '../../src/store/serving/merge-runs.ts';
import { Run } from '../../src/store/serving/run.ts';
import { RunWriter } from '../../src/store/serving/run-writer.ts';

function runOf(id: string, write: (writer: RunWriter) => void): Run {
  const writer = new RunWriter(id, 10);
  write(writer);
  const { rest } = writer.finish();
  return Run.open({ id, bytes: rest.length, content: rest });
}

function merged(id: string, runs: readonly Run[], base: { keep: null } | null): Run {
  return runOf(id, (writer) => {
    for (const _ of mergeRuns(runs, writer, base));
  });
}

test('a run says that older ones have somebody who was erased, also who came back since, until there is a base', () => {
  const member = (writer: RunWriter) => {
    writer.beginUser(1, 2, 3, 4, 1);
    writer.membership(7, 1000, 1000, null, null);
    writer.end();
  };
  const base = runOf('base', member);
  const erased = runOf('erased', (writer) => writer.erased([1, 2, 3, 4]));
  const back = runOf('back', member);
  assert.deepEqual(
    [base, erased, back].map(({ footer }) => footer.erased),
    [0, 1, 0],
  );
  const both = merged('both', [back, erased], null);
  assert.equal(both.footer.erased, 1);
  // as it is, beside a run that has nothing of the user
  const other = runOf('other', (writer) => {
    writer.beginUser(9, 9, 9, 9, 1);
    writer.end();
  });
  const copied = merged('copied', [other, both], null);
  assert.equal(copied.footer.erased, 1);
  assert.equal(merged('next base', [copied, base], { keep: null }).footer.erased, 0);
});
