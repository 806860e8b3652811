import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Extract, extract } from 'tar-stream';
import { BackupError } from './failures.ts';
import { type BackupStart, FORMAT, MANIFEST_FILE, placeOf, START_FILE } from './layout.ts';
import { isSameEnd, type ManifestEnd, manifestLines, readManifest } from './manifest.ts';
import { measuring } from './measure.ts';

export type ReceiveProgress = {
  /** How much is to come, about, and how much has come. */
  readonly received: (bytes: number, of: number) => void;
};

/**
 * Writes the files of a backup's stream into a folder that is there, and compares them with the
 * manifest that ends it.
 *
 * @throws BackupError when something is missing or not as the manifest says
 */
export async function receiveBackup(
  stream: Readable,
  folder: string,
  progress: ReceiveProgress,
): Promise<ManifestEnd> {
  const tar = extract();
  const reading = pipeline(stream, tar).catch((fault: Error) => tar.destroy(fault));
  try {
    const end = await takeEntries(tar, folder, progress);
    await reading;
    if (end === null) throw new BackupError('the backup ended before its manifest: it was cut off');
    return end;
  } catch (error) {
    stream.destroy();
    await reading;
    if (error instanceof BackupError) throw error;
    throw new BackupError(`the backup broke off before its end: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/**
 * The end of the manifest, which is compared with what came before it; null when there was none.
 */
async function takeEntries(
  tar: Extract,
  folder: string,
  { received }: ReceiveProgress,
): Promise<ManifestEnd | null> {
  const manifest = manifestLines();
  let start: BackupStart | null = null;
  let end: ManifestEnd | null = null;
  let bytes = 0;
  const count = (more: number) => {
    bytes += more;
    received(bytes, start?.bytes ?? 0);
  };
  for await (const entry of tar) {
    const { name } = entry.header;
    const content = entry as unknown as AsyncIterable<Buffer>;
    if (end !== null) throw new BackupError(`the backup goes on after its manifest, with ${name}`);
    if (name !== START_FILE && name !== MANIFEST_FILE && placeOf(name) === null)
      throw new BackupError(`the backup has a file of another name than expected: ${JSON.stringify(name)}`);
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    const passing = measuring(content);
    await writeSynced(file, notifying(passing.content, count));
    if (name === START_FILE) start = await readStart(file);
    if (name === MANIFEST_FILE) end = await readEnd(file, manifest.end());
    else manifest.add({ path: name, ...passing.measured() });
  }
  return end;
}

/** The end of a manifest that is about the files that came. */
async function readEnd(file: string, came: ManifestEnd): Promise<ManifestEnd> {
  const end = await readManifest(file, async () => {});
  if (isSameEnd(end, came)) return end;
  throw new BackupError(`the backup has ${came.files} files, but its manifest lists ${end.files} others`);
}

async function* notifying(
  source: AsyncIterable<Buffer>,
  notify: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    notify(chunk.length);
    yield chunk;
  }
}

/** What the first file of a backup says; a format that this Muster does not know is refused. */
export async function readStart(file: string): Promise<BackupStart> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    throw new BackupError(`${START_FILE} is missing: this is not a backup`, { cause });
  });
  try {
    const start = JSON.parse(await handle.readFile('utf8')) as BackupStart;
    if (start.format === FORMAT) return start;
    throw new BackupError(`the backup has format ${start.format}, this Muster knows format ${FORMAT}`);
  } catch (error) {
    if (error instanceof BackupError) throw error;
    throw new BackupError(`${START_FILE} is damaged`, { cause: error });
  } finally {
    await handle.close();
  }
}

/** Writes a new file, durably when it resolves. */
export async function writeSynced(file: string, content: AsyncIterable<Buffer>): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    for await (const chunk of content) await handle.appendFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
