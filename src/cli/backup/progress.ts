import { createBar } from '../import/progress.ts';
import { formatBytes } from '../output.ts';

export type ByteProgress = {
  readonly moved: (bytes: number, of: number) => void;
  readonly close: () => void;
};

/**
 * A bar of bytes on standard error when that is a terminal; else nothing at all. The whole is known
 * about, and may grow.
 */
export function openByteProgress(name: string): ByteProgress {
  if (!process.stderr.isTTY) return { moved: () => {}, close: () => {} };
  const bar = createBar('{name}  [{bar}] {percentage}%  {detail}');
  const startedAt = Date.now();
  bar.start(1, 0, { name, detail: '' });
  return {
    moved: (bytes, of) => {
      const perSecond = (bytes * 1000) / Math.max(1, Date.now() - startedAt);
      bar.setTotal(Math.max(bytes, of, 1));
      bar.update(bytes, { detail: `${formatBytes(bytes)}, ${formatBytes(Math.round(perSecond))}/s` });
    },
    close: () => bar.stop(),
  };
}
