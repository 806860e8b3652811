import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { handOverFault } from '../../fault-points.ts';
import { createThreadPool, startProgram } from '../../thread-pool.ts';
import type { MergeAnswer, MergeRequest } from './merge-thread.ts';
import type { Run } from './run.ts';
import { runFile } from './run-files.ts';
import { RunDamagedError } from './run-format.ts';
import type { MadeRun } from './run-output.ts';

const pool = createThreadPool<MergeRequest | 'CLOSE', MergeAnswer>({
  start: () =>
    startProgram(String(import.meta.url), 'merge-thread', { fault: handOverFault('merge-thread-dies') }),
  fault: (cause) => new Error('the thread that merges runs died', { cause }),
});

/**
 * Makes one run of some that follow each other, the newest first, in a thread: look-ups and imports
 * have the event loop meanwhile. The caller retains the runs. The signal gives it up. Throws
 * `RunDamagedError` when one of them is damaged, and whatever else the thread ended with; then no
 * file is left.
 */
export async function mergeInThread(
  runs: readonly Run[],
  of: Pick<MergeRequest, 'folder' | 'inlineBytes' | 'base'> & { readonly signal: AbortSignal },
): Promise<MadeRun> {
  const { signal, ...rest } = of;
  signal.throwIfAborted();
  const id = randomUUID();
  const sources = runs.map(({ footer, bytes, source }) => ({
    ...{ id: footer.id, bytes },
    ...('content' in source ? source : { file: runFile(of.folder, footer.id) }),
  }));
  const stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const giveUp = () => void Atomics.store(stop, 0, 1);
  signal.addEventListener('abort', giveUp);
  const lane = pool.open();
  try {
    const answer = await lane.ask({ ...rest, id, sources, stop });
    if ('damaged' in answer) throw new RunDamagedError(answer.damaged);
    if (!('content' in answer)) return answer;
    const { buffer, byteOffset, length } = answer.content;
    return { ...answer, content: Buffer.from(buffer, byteOffset, length) };
  } catch (error) {
    // a thread that died could not remove it
    await rm(runFile(of.folder, id), { force: true });
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
    lane.close('CLOSE');
  }
}
