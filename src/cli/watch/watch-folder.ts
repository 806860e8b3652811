import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client.ts';
import { CliError } from '../failures.ts';
import { importFile, type Outcome } from '../import/import-file.ts';
import { reportOf } from '../import/summary.ts';
import type { Destination } from '../import/target.ts';
import { watchForSettled } from './settled.ts';

const LOOK_MS = 1_000;
/** Before another try where the service is away or has too much to do. */
const AGAIN_MS = 10_000;
/** Refusals that every file would get. */
const HOPELESS = ['UNAUTHORIZED', 'FORBIDDEN', 'TOO_MANY_ATTEMPTS'];

export type WatchOptions = {
  readonly folder: string;
  readonly destination: Destination;
  readonly settleMs: number;
  /** Go on for ever, or only until what is there is done. */
  readonly until: 'stopped' | 'empty';
  readonly signal: AbortSignal;
  readonly onDone: (outcome: Outcome, movedTo: string) => void;
};

/**
 * Imports what is put into a folder, one file after the other, and moves it to `done/`, or to `failed/` where not every line
 * was applied, with a report. A file that was begun lies in `.working/`; after a crash it is gone on with, under the same
 * Idempotency-Key, which is made of its name and content: so no file is applied twice.
 */
export async function watchFolder(client: Client, options: WatchOptions): Promise<void> {
  const { folder, settleMs, until, signal } = options;
  for (const name of ['.working', 'done', 'failed'])
    await mkdir(path.join(folder, name), { recursive: true });
  const settling = watchForSettled(folder, settleMs);
  while (!signal.aborted) {
    const begun = await begunFile(folder);
    const next = begun ?? (await beginNext(folder, await settling.look(Date.now())));
    if (next !== null) {
      if (!(await importBegun(client, next, options))) await pause(AGAIN_MS, signal);
      continue;
    }
    if (until === 'empty' && settling.isEmpty()) return;
    await pause(Math.min(LOOK_MS, Math.max(50, settleMs)), signal);
  }
}

/** The file that an earlier run had begun with, or null. What that run made beside it is made anew. */
async function begunFile(folder: string): Promise<string | null> {
  const working = path.join(folder, '.working');
  const names = (await readdir(working)).filter((name) => !name.endsWith('.part'));
  const input = names.find((name) => !names.some((other) => name !== other && isErrorFileOf(name, other)));
  for (const name of names) if (name !== input) await rm(path.join(working, name));
  return input ?? null;
}

function isErrorFileOf(name: string, input: string): boolean {
  const plain = input.replace(/\.(gz|zst)$/i, '');
  const stem = path.basename(plain, path.extname(plain));
  return name === `${stem}.errors.ndjson` || name === `${stem}.errors.csv`;
}

/** Takes the first of some files that is still there. */
async function beginNext(folder: string, names: readonly string[]): Promise<string | null> {
  for (const name of names) {
    const taken = await rename(path.join(folder, name), path.join(folder, '.working', name)).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return false;
        throw error;
      },
    );
    if (taken) return name;
  }
  return null;
}

/** Imports the file that was begun and moves it away; `false` when it is to be tried again later. */
async function importBegun(client: Client, name: string, options: WatchOptions): Promise<boolean> {
  const { folder, destination, signal, onDone } = options;
  const file = path.join(folder, '.working', name);
  const idempotencyKey = await keyOf(file, name);
  const outcome = await importFile(client, file, { destination, until: 'ended', signal, idempotencyKey });
  if (signal.aborted) return false;
  const { error } = outcome;
  if (error !== null && HOPELESS.includes(error.code ?? ''))
    throw new CliError(`${name}: ${error.text} (${error.code})`);
  if (outcome.passes) {
    onDone(outcome, '.working');
    return false;
  }
  const where = path.join(folder, outcome.exitCode === 0 ? 'done' : 'failed');
  const as = await freeName(where, name);
  // the file last: as long as it is not moved, all of it is done again
  if (outcome.errorFile !== null) await rename(outcome.errorFile, path.join(where, `${as}.errors`));
  await writeFile(path.join(where, `${as}.report.json`), `${JSON.stringify(reportOf(outcome), null, 2)}\n`);
  await rename(file, path.join(where, as));
  onDone(outcome, path.join(where, as));
  return true;
}

async function keyOf(file: string, name: string): Promise<string> {
  const content = createHash('sha256');
  for await (const chunk of createReadStream(file)) content.update(chunk as Buffer);
  return `watch-${createHash('sha256')
    .update(`${content.digest('hex')} ${name}`)
    .digest('hex')}`;
}

/** The name itself, or where a file has it already, with the first number that none has. */
async function freeName(folder: string, name: string): Promise<string> {
  const { name: stem, ext } = path.parse(name);
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? name : `${stem}.${n}${ext}`;
    const isTaken = await access(path.join(folder, candidate)).then(
      () => true,
      () => false,
    );
    if (!isTaken) return candidate;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
