import { open, rm, stat } from 'node:fs/promises';
import { StoreDamagedError } from '../../errors.ts';

/**
 * Three headers of 4 KiB: a file that has less was never finished being made, and holds nothing.
 */
const LEAST_BYTES = 12_288;
/** How DuckDB begins a log: field 100, the kind of the entry, is its version. */
const LOG_START = Buffer.from([0x64, 0x00, 0x62]);

/** Whether there must be a store already, or one may be made. */
export type ExpectedStore = 'EXISTING' | 'EXISTING_OR_FRESH';

/**
 * Looks at the files of a store before DuckDB does. It would make a fresh store where the file is
 * gone, and throw away the log of the old one; a log whose start it cannot read it passes over
 * without a word. Both would lose what was acknowledged.
 *
 * What cannot be told: a log that ends early is what a crash leaves, and one that is gone what an
 * orderly end leaves.
 */
export async function checkFiles(file: string, expected: ExpectedStore): Promise<void> {
  const log = `${file}.wal`;
  const [bytes, logBytes] = await Promise.all([sizeOf(file), sizeOf(log)]);
  if (bytes === null || bytes < LEAST_BYTES) {
    const found = bytes === null ? 'it is not there' : `it has ${bytes} bytes`;
    if ((logBytes ?? 0) > 0) throw damaged(file, `${found}, but its log ${log} is there`);
    if (expected === 'EXISTING') throw damaged(file, `${found}, but documents that belong to it are there`);
    await rm(file, { force: true });
  }
  const start = await startOf(log, logBytes ?? 0);
  // zeros: the file had grown, and its bytes were not written yet, when the power went
  if (start.some((byte) => byte !== 0) && !start.equals(LOG_START.subarray(0, start.length)))
    throw damaged(file, `its log ${log} does not begin as one`);
}

/** What the file of a store and its log occupy. */
export async function bytesOfFiles(file: string): Promise<number> {
  const [bytes, logBytes] = await Promise.all(
    [file, `${file}.wal`].map((each) => sizeOf(each).catch(() => null)),
  );
  return (bytes ?? 0) + (logBytes ?? 0);
}

/** The error for a store whose file is not whole. `found`: what is known of it. */
export function damaged(file: string, found: string, cause?: unknown): StoreDamagedError {
  return new StoreDamagedError(
    `the store ${file} cannot be opened: ${found}. Nothing was changed. Keep a copy of the folder, then restore a backup: see muster restore and docs/faults.md`,
    { cause },
  );
}

async function sizeOf(file: string): Promise<number | null> {
  return stat(file).then(
    ({ size }) => size,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    },
  );
}

async function startOf(log: string, bytes: number): Promise<Buffer> {
  const start = Buffer.alloc(Math.min(bytes, LOG_START.length));
  if (start.length === 0) return start;
  const handle = await open(log, 'r');
  try {
    await handle.read(start, 0, start.length, 0);
    return start;
  } finally {
    await handle.close();
  }
}
