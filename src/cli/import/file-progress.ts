import { createBar } from './progress.ts';

/** A bar of files that are imported at the same time. */
export type FileProgress = {
  /** One more is done: what it prints comes above the bar. */
  readonly print: (text: () => void) => void;
  readonly close: () => void;
};

/** A bar on standard error when that is a terminal and there are files to count. */
export function openFileProgress(files: number): FileProgress {
  if (!process.stderr.isTTY || files === 0) return { print: (text) => text(), close: () => {} };
  const bar = createBar('{value} of {total} files  [{bar}]');
  let done = 0;
  bar.start(files, done);
  return {
    print: (text) => {
      done += 1;
      bar.stop();
      text();
      bar.start(files, done);
    },
    close: () => bar.stop(),
  };
}
