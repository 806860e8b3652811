import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client.ts';
import { CliError, describe, systemCode } from '../failures.ts';
import { pathIn, shown } from '../files/name.ts';
import { dataPath } from '../import/error-file.ts';
import { isBlank } from '../import/first-bytes.ts';
import { importFile, type Outcome, refused } from '../import/import-file.ts';
import type { Destination } from '../import/target.ts';
import { type Arrivals, OWN_FOLDERS, watchArrivals } from './arrivals.ts';
import { type Begun, begin, fileOf, listBegun } from './begun.ts';
import { errorsOf, putAway } from './put-away.ts';

const LOOK_MS = 1_000;
/**
 * Before another try where the service is away or has too much to do, or a folder takes nothing.
 */
const AGAIN_MS = 10_000;
/**
 * A file that fails so often where others may not is tried again only after the longer time, and
 * lets them go first.
 */
const TRIES = 6;
const LATER_MS = 300_000;
/** Refusals that every file would get. */
const HOPELESS = ['UNAUTHORIZED', 'FORBIDDEN', 'TOO_MANY_ATTEMPTS'];
/**
 * The empty parts that programs write which divide what they export: `part-00003.csv`,
 * `0001_part_00.gz`.
 */
const PART_NAME = /(?:^|[._-])part[._-](?:[a-z][._-])?\d/i;

export type WatchOptions = {
  readonly folder: string;
  readonly destination: Destination;
  readonly settleMs: number;
  /** Go on for ever, or only until what is there is done. */
  readonly until: 'stopped' | 'empty';
  readonly signal: AbortSignal;
  readonly onDone: (outcome: Outcome, movedTo: string) => void;
  /** Something is wrong with a file beside its import, or with the folder. */
  readonly onTrouble: (text: string) => void;
};

/** A file that was begun, and where it stands. */
type Task = {
  readonly begun: Begun;
  /** How its import came out, when it is still to be moved away. */
  outcome: Outcome | null;
  tries: number;
  notBefore: number;
};

type Watch = WatchOptions & { readonly client: Client; readonly arrivals: Arrivals; readonly tasks: Task[] };

/**
 * Imports what is put into a folder, one file after the other, and moves it to `done/`, or to
 * `failed/` where not every line was applied, with a report. A file that was begun lies in
 * `.working/`; after a crash it is gone on with, under the same Idempotency-Key, which is that of
 * its arrival: so no file is applied twice, and a later one is a file of its own whatever is in it.
 * Resolves to the number of files that could not be taken, or not be moved away.
 */
export async function watchFolder(client: Client, options: WatchOptions): Promise<number> {
  const { folder, settleMs, until, signal, onTrouble } = options;
  for (const name of OWN_FOLDERS) await makeFolder(path.join(folder, name));
  const arrivals = watchArrivals(folder, {
    settleMs,
    onLeft: (name, why) => onTrouble(`${shown(name)}: ignored (${why})`),
  });
  const tasks = (await listBegun(folder)).map(taskOf);
  const watch: Watch = { ...options, client, arrivals, tasks };
  while (!signal.aborted) {
    const task = tasks.find(({ notBefore }) => notBefore <= Date.now()) ?? (await nextTask(watch));
    if (task !== null) {
      await work(watch, task);
      continue;
    }
    const stuck = tasks.filter(({ outcome }) => outcome !== null);
    if (until === 'empty' && arrivals.isEmpty() && stuck.length === tasks.length) break;
    await pause(Math.min(LOOK_MS, Math.max(50, settleMs)), signal);
  }
  return tasks.length + arrivals.countPassedOver();
}

/** Makes a folder of the watch's own, unless it is there. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    const found = await stat(folder).catch(() => null);
    const text =
      found !== null && !found.isDirectory()
        ? 'expected a folder, this is a file: muster watch needs the name, move the file away'
        : `the folder cannot be made: ${describe(error)}`;
    throw new CliError(`${folder}: ${text}`, { cause: error });
  }
}

function taskOf(begun: Begun): Task {
  return { begun, outcome: null, tries: 0, notBefore: 0 };
}

/** Takes the oldest of the files that are whole, and can be taken. */
async function nextTask({ folder, arrivals, tasks, onTrouble }: Watch): Promise<Task | null> {
  for (const name of await settled({ folder, arrivals, onTrouble })) {
    try {
      const begun = await begin(folder, name);
      if (begun === null) continue;
      const task = taskOf(begun);
      tasks.push(task);
      return task;
    } catch (error) {
      if (arrivals.passOver(name, Date.now() + AGAIN_MS) === 'again') continue;
      onTrouble(`${shown(name)}: it cannot be imported: ${describe(error)}; retrying later`);
    }
  }
  return null;
}

/**
 * A folder that cannot be read for the moment, such as one on another machine, is looked at again.
 */
async function settled({
  folder,
  arrivals,
  onTrouble,
}: Pick<Watch, 'folder' | 'arrivals' | 'onTrouble'>): Promise<readonly Buffer[]> {
  try {
    return await arrivals.look(Date.now());
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw new CliError(`${folder}: the folder no longer exists`);
    onTrouble(`${folder}: ${describe(error)}; retrying later`);
    return [];
  }
}

/**
 * Imports a file, unless that is done, and moves it away. Whatever is wrong with this one, the
 * others go on.
 */
async function work(watch: Watch, task: Task): Promise<void> {
  const { folder, signal, tasks, onDone, onTrouble } = watch;
  const { begun } = task;
  if (task.outcome === null) {
    const outcome = await importBegun(watch, begun);
    if (signal.aborted) return;
    if (outcome.passes) return stepBack(watch, task, outcome);
    task.outcome = outcome;
  }
  try {
    const { file, errors } = await putAway(folder, begun, task.outcome);
    tasks.splice(tasks.indexOf(task), 1);
    const errorFile = task.outcome.errorFile === null ? null : shown(errors);
    onDone({ ...task.outcome, errorFile }, shown(file));
  } catch (error) {
    task.notBefore = Date.now() + AGAIN_MS;
    const text = `it cannot be moved away: ${describe(error)}; retrying later`;
    if (task.tries === 0) onTrouble(`${shown(begun.name)}: ${text}`);
    task.tries += 1;
  }
}

/**
 * Waits with a file for what is not its fault. The others wait too, as they would meet the same and
 * are later ones, until it looks as if it were this file alone.
 */
async function stepBack({ signal, onDone }: Watch, task: Task, outcome: Outcome): Promise<void> {
  onDone(outcome, '.working');
  task.tries += 1;
  if (task.tries % TRIES === 0) task.notBefore = Date.now() + LATER_MS;
  await pause(AGAIN_MS, signal);
}

async function importBegun(watch: Watch, begun: Begun): Promise<Outcome> {
  const { client, folder, destination, signal } = watch;
  const file = fileOf(folder, begun);
  const shownAs = shown(pathIn(folder, begun.name));
  const stats = await lstat(file).catch(() => null);
  // nobody has looked at where it leads, and it may be changed: whoever may put files here may not
  // read all that we may
  if (stats?.isSymbolicLink())
    return refused(shownAs, {
      code: 'SYMBOLIC_LINK',
      text: 'this is a symbolic link, which is not followed: put the file itself into the folder',
    });
  if (stats !== null && !stats.isFile())
    return refused(shownAs, { code: 'NO_FILE', text: 'expected a file, got something else' });
  const outcome = await importFile(client, file, {
    ...{ destination, until: 'ended', signal, shownAs, idempotencyKey: `watch-${begun.id}` },
    saveErrors: ({ uri }) => downloadErrors(client, uri, errorsOf(folder, begun)),
  });
  const { error } = outcome;
  if (error !== null && HOPELESS.includes(error.code ?? ''))
    throw new CliError(`${shown(begun.name)}: ${error.text} (${error.code})`);
  const isPart = error?.code === 'EMPTY_FILE' && PART_NAME.test(begun.name.toString('latin1'));
  // the code also says that rows may have been glued to a header
  const isEmptyPart = isPart && (await isBlank(createReadStream(file)));
  return isEmptyPart ? { ...outcome, exitCode: 0 } : outcome;
}

async function downloadErrors(client: Client, uri: string, file: Buffer): Promise<Buffer> {
  const content = Readable.fromWeb((await client.download(dataPath(uri))) as ReadableStream);
  await rm(file, { force: true });
  await pipeline(content, createWriteStream(file, { flags: 'wx' }));
  return file;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
