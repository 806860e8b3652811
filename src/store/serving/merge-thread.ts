import { parentPort, workerData } from 'node:worker_threads';
import { armFaultPoint, type Fault, passFaultPoint } from '../../fault-points.ts';
import type { FromThread, ToThread } from '../../thread-pool.ts';
import { mergeRuns } from './merge-runs.ts';
import { Run, type RunSource } from './run.ts';
import { RunDamagedError } from './run-format.ts';
import { type MadeRun, RunOutput } from './run-output.ts';

/** The program of the thread that merges runs. */

/** What is to be merged, and what comes of it. */
export type MergeRequest = {
  /** Of the run that is made, and the folder of its file. */
  readonly id: string;
  readonly folder: string;
  readonly inlineBytes: number;
  /** The newest first. */
  readonly sources: readonly ({ readonly id: string; readonly bytes: number } & RunSource)[];
  /** The oldest source is the base, and so is what comes of it. */
  readonly base: {
    /** Which memberships the tables still have; null: all of them. */
    readonly kept: { readonly segmentIds: ReadonlySet<number>; readonly expiringAfter: number } | null;
  } | null;
  /** The merge is given up when the first value is not 0 any more. */
  readonly stop: Int32Array;
};

/** What the thread answers: an error keeps its class in no message. */
export type MergeAnswer = MadeRun | { readonly damaged: string };

if (parentPort !== null) {
  const port = parentPort;
  armFaultPoint((workerData as { readonly fault: Fault | null }).fault);
  port.on('message', ({ lane, request }: ToThread<MergeRequest | 'CLOSE'>) => {
    if (request === 'CLOSE') return;
    merge(request)
      .catch((error: unknown) => {
        if (error instanceof RunDamagedError) return { damaged: error.message };
        throw error;
      })
      .then(
        (answer) => port.postMessage({ lane, answer } satisfies FromThread<MergeAnswer>),
        (failure) => port.postMessage({ lane, failure } satisfies FromThread<MergeAnswer>),
      );
  });
}

async function merge({ id, folder, inlineBytes, sources, base, stop }: MergeRequest): Promise<MadeRun> {
  const runs: Run[] = [];
  let output: RunOutput | null = null;
  try {
    for (const source of sources) runs.push(Run.open(inBuffer(source)));
    const mostKeys = runs.reduce((sum, { footer }) => sum + footer.records, 0);
    output = new RunOutput({ id, folder, mostKeys, inlineBytes });
    const kept = base?.kept ?? null;
    const keep =
      kept &&
      ((of: { segmentId: number; expirationTs: number | null }) =>
        kept.segmentIds.has(of.segmentId) &&
        (of.expirationTs === null || of.expirationTs > kept.expiringAfter));
    for (const _ of mergeRuns(runs, output.writer, base && { keep })) {
      await output.flush();
      passFaultPoint('merge-thread-dies');
      if (Atomics.load(stop, 0) !== 0) throw new Error('the merge of runs was given up');
    }
    const made = await output.finish();
    passFaultPoint('merge-thread-dies');
    return made;
  } catch (error) {
    await output?.discard();
    throw error;
  } finally {
    for (const run of runs) run.close();
  }
}

/** A Buffer comes out of a message as plain bytes. */
function inBuffer<T extends RunSource>(source: T): T {
  if (!('content' in source)) return source;
  const { buffer, byteOffset, length } = source.content;
  return { ...source, content: Buffer.from(buffer, byteOffset, length) };
}
