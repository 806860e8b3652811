import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { importDocument } from '../../src/import/import-document.ts';
import { type Checkpoint, type Execution, errorPartsOf } from '../../src/model/execution.ts';
import { textOf } from '../documents/contract.ts';
import { readErrorFile } from '../properties/error-file.ts';
import { LINES, NOW, setUp } from './one-file.ts';

test('a worker that wakes up after another one took over adds nothing to the error file', async (t) => {
  const { dir, store, documents, claim, jobOf } = await setUp(t);
  const first = await claim('first', NOW, NOW + 1_000);
  const { folder } = first.document;
  // it stands still before it writes its third part, for longer than its lease
  let parts = 0;
  let wake: () => void = () => {};
  let stands: () => void = () => {};
  const asleep = new Promise<void>((resolve) => {
    stands = resolve;
  });
  const awake = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const addErrors = async (part: Buffer) => {
    parts += 1;
    if (parts === 3) {
      stands();
      await awake;
    }
    return documents.addErrors(folder, part);
  };
  const sleeping = importDocument(jobOf(first, 'first', { addErrors }), store);
  await asleep;
  const second = await claim('second', NOW + 2_000, NOW + 60_000);
  assert.equal(second.id, first.id);
  assert.ok(second.checkpoint.offset > 0);
  let half: Checkpoint | null = null;
  const taken = jobOf(second, 'second', {
    onCheckpoint: (checkpoint) => {
      half ??= checkpoint;
      wake();
    },
  });
  assert.equal(await importDocument(taken, store), 'DONE');
  assert.ok(half !== null);
  assert.equal(await sleeping, 'LEASE_LOST');

  const { checkpoint } = (await store.executions.get(first.id)) as Execution;
  const text = await textOf(documents, folder, errorPartsOf(checkpoint));
  assert.equal(text?.length, checkpoint.errorFileBytes);
  assert.deepEqual(
    readErrorFile('NDJSON', text ?? '').map(({ line }) => line),
    Array.from({ length: LINES }, (_, i) => i + 1),
  );
  const names = async () => (await readdir(path.join(dir, 'documents', 'kept', folder))).sort();
  const counting = errorPartsOf(checkpoint).map(({ name }) => name);
  assert.equal((await names()).length, counting.length + 2, 'its part lies beside those that count');
  await documents.removeOtherErrors(folder, errorPartsOf(checkpoint));
  assert.deepEqual(await names(), [...counting, 'input'].sort());
});
