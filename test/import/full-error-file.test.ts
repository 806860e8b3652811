import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importDocument } from '../../src/import/import-document.ts';
import { type Execution, errorPartsOf } from '../../src/model/execution.ts';
import { textOf } from '../documents/contract.ts';
import { readErrorFile } from '../properties/error-file.ts';
import { LINES, NOW, setUp } from './one-file.ts';

/** Chunks of some 100 lines each; the error file is full in the second. */
const LIMITS = { bytes: 4096, rows: 100, errorFile: { lines: 130, bytes: 1024 * 1024 } };

async function whatIsThere({ store, documents }: Awaited<ReturnType<typeof setUp>>, { id }: Execution) {
  const { checkpoint, document } = (await store.executions.get(id)) as Execution;
  const text = await textOf(documents, document.folder, errorPartsOf(checkpoint));
  const { failures, errorLinesOmitted, errorFileBytes } = checkpoint;
  assert.equal(text?.length, errorFileBytes);
  return { failures, errorLinesOmitted, lines: readErrorFile('NDJSON', text ?? '').map(({ line }) => line) };
}

test('an error file is full at the same line, wherever the import was stopped and went on', async (t) => {
  const whole = {
    failures: LINES,
    errorLinesOmitted: LINES - 130,
    lines: Array.from({ length: 130 }, (_, i) => i + 1),
  };
  for (const stops of [0, 1, 2, 3]) {
    const world = await setUp(t);
    let execution = await world.claim('worker', NOW, NOW + 60_000);
    const stopped: string[] = [];
    for (let i = 0; i < stops; i++) {
      const stop = new AbortController();
      let chunks = 0;
      const onCheckpoint = () => {
        chunks += 1;
        if (chunks === i + 1) stop.abort();
      };
      const job = world.jobOf(execution, 'worker', { limits: LIMITS, signal: stop.signal, onCheckpoint });
      stopped.push(await importDocument(job, world.store));
      execution = (await world.store.executions.get(execution.id)) as Execution;
    }
    await importDocument(world.jobOf(execution, 'worker', { limits: LIMITS }), world.store);
    assert.deepEqual(await whatIsThere(world, execution), whole, `${stops} stops: ${stopped}`);
  }
});
