import { createBar } from './import/progress.ts';
import { formatBytes } from './output.ts';

/** What is seen of a download while it runs. */
export type DownloadProgress = {
  readonly received: (bytes: number, ofBytes: number) => void;
  readonly close: () => void;
};

const WHOLE = 1000;

/** A bar on standard error when that is a terminal; else nothing at all. */
export function openDownloadProgress(name: string): DownloadProgress {
  if (!process.stderr.isTTY) return { received: () => {}, close: () => {} };
  const bar = createBar('{name}  [{bar}] {percentage}%  {detail}');
  bar.start(WHOLE, 0, { name, detail: 'is being written by the service' });
  return {
    received: (bytes, ofBytes) => {
      const part = ofBytes === 0 ? 0 : Math.min(WHOLE, Math.floor((bytes * WHOLE) / ofBytes));
      bar.update(part, { detail: `${formatBytes(bytes)} of ${formatBytes(ofBytes)}` });
    },
    close: () => bar.stop(),
  };
}
