import { type Checkpoint, commandsOf, type Execution } from '../model/execution.ts';
import type { Pace } from '../pace.ts';
import type { ProgressBoard } from '../progress-board.ts';

/** An execution, and the checkpoint that it has come to. */
type Paused = { readonly execution: Pick<Execution, 'id'>; readonly at: Checkpoint };

/**
 * Pauses before a chunk of these executions where look-ups are slow, and shows that they do.
 * STOPPED: the signal has aborted meanwhile.
 */
export async function pauseForLookUps(
  paused: readonly Paused[],
  context: {
    readonly pace: Pick<Pace, 'beforeChunk'>;
    readonly progress: ProgressBoard;
    readonly clock: () => number;
  },
  of: { readonly signal: AbortSignal; readonly mostMs: number },
): Promise<'READY' | 'STOPPED'> {
  const { pace, progress, clock } = context;
  const runs = progress.runs();
  const before = paused.map(({ execution: { id }, at }) => ({ id, at, shown: runs.get(id) }));
  let hasPaused = false;
  const onPause = () => {
    hasPaused = true;
    const waiting = { reason: 'LOOK_UPS', since: clock() } as const;
    for (const { id, at, shown } of before) {
      const { bytes, commands } = shown ?? { bytes: at.offset, commands: commandsOf(at) };
      progress.note(id, { step: 'WAITING', bytes, commands, waiting });
    }
  };
  await pace.beforeChunk({ ...of, onPause });
  if (!hasPaused) return 'READY';
  for (const { id, shown } of before) {
    if (shown === undefined) progress.forget(id);
    else progress.note(id, shown);
  }
  return of.signal.aborted ? 'STOPPED' : 'READY';
}
