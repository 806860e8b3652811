import type { RunProgress } from './model/execution.ts';

/**
 * How far the runs of this process are. It is kept in memory alone, so that it costs no write: who
 * asks another node is told of the last checkpoint.
 */
export interface ProgressBoard {
  note(executionId: string, progress: RunProgress): void;
  /**
   * How far each run is now, by execution; without those that have read nothing yet. It is asked
   * for before the store is: a run may end while the store answers, and would be told to be back
   * where the store knew it last.
   */
  runs(): ReadonlyMap<string, RunProgress>;
  /** To be called when a run is over, however that came. */
  forget(executionId: string): void;
}

/** Those who follow an execution are told this often at most; each time they ask the store. */
const TELL_MS = 200;

/**
 * `onNote` is called with the id when there is something new, at most five times a second, and at
 * each other step.
 */
export function createProgressBoard(onNote: (executionId: string) => void): ProgressBoard {
  const runs = new Map<string, { progress: RunProgress; toldAt: number }>();
  return {
    note: (id, progress) => {
      const before = runs.get(id);
      // not by the clock, which may be set back
      const now = performance.now();
      const isNews =
        before === undefined || before.progress.step !== progress.step || now - before.toldAt >= TELL_MS;
      runs.set(id, { progress, toldAt: isNews ? now : before.toldAt });
      if (isNews) onNote(id);
    },
    runs: () => new Map([...runs].map(([id, { progress }]) => [id, progress])),
    forget: (id) => void runs.delete(id),
  };
}
