import type { ImportOutcome } from '../import/import-document.ts';
import type { Checkpoint, Execution } from '../model/execution.ts';
import type { Store } from '../store/store.ts';

/**
 * Takes the changes of the execution that this one reverts back, part after part, from its
 * checkpoint to their end.
 */
export async function revertChanges(
  job: {
    readonly execution: Execution;
    readonly worker: string;
    readonly signal: AbortSignal;
    readonly beforeChunk: () => Promise<'READY' | 'STOPPED'>;
    readonly onCheckpoint: (checkpoint: Checkpoint) => void;
  },
  store: Store,
): Promise<ImportOutcome> {
  const { id, datamartId, startDate, reverts, document } = job.execution;
  if (startDate === null || reverts === null)
    throw new Error(`execution ${id} is no revert that was started`);
  let { checkpoint } = job.execution;
  while (checkpoint.offset < document.bytes) {
    if (job.signal.aborted || (await job.beforeChunk()) === 'STOPPED') return 'STOPPED';
    const outcome = await store.revertPart({
      execution: { id, datamartId, startDate },
      worker: job.worker,
      reverted: reverts,
      changes: document.bytes,
      from: checkpoint,
    });
    if (outcome.type !== 'MERGED') return 'LEASE_LOST';
    checkpoint = outcome.checkpoint;
    job.onCheckpoint(checkpoint);
  }
  return 'DONE';
}
