import { access, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { OLDEST_EMBEDDED_SCHEMA, unreleasedText } from '../store/schema-version.ts';
import { BackupError } from './failures.ts';
import { type BackupStart, MANIFEST_FILE, placeOf, START_FILE, STORE_FILE } from './layout.ts';
import { type ManifestEnd, type Measured, readManifest } from './manifest.ts';
import { measuring } from './measure.ts';
import { readStart, writeSynced } from './receive-backup.ts';

export type Restored = { readonly start: BackupStart; readonly end: ManifestEnd };

/**
 * Copies a backup into a data folder that is there and empty. Every file is compared with the
 * manifest while it is copied.
 *
 * @throws BackupError for a backup that was cut off, that is not what its manifest says, or that
 * was made before the first release; the folder is then of no use
 */
export async function restoreBackup(
  backup: string,
  data: string,
  copied: (bytes: number, of: number) => void,
): Promise<Restored> {
  const manifest = path.join(backup, MANIFEST_FILE);
  await access(manifest).catch((cause: unknown) => {
    throw new BackupError(`${manifest} is missing: the backup is incomplete, or this is not a backup`, {
      cause,
    });
  });
  const start = await readStart(path.join(backup, START_FILE));
  if (start.schema_version < OLDEST_EMBEDDED_SCHEMA)
    throw new BackupError(unreleasedText('backup', start.schema_version, OLDEST_EMBEDDED_SCHEMA));
  let bytes = 0;
  let hasStore = false;
  const end = await readManifest(manifest, async (file) => {
    await copyFile(file, { backup, data });
    hasStore ||= file.path === STORE_FILE;
    bytes += file.bytes;
    copied(bytes, start.bytes);
  });
  if (!hasStore) throw new BackupError(`the manifest does not name ${STORE_FILE}`);
  return { start, end };
}

/** Copies one file to its place; of the first one, which has none, only the content is checked. */
async function copyFile(
  expected: Measured,
  { backup, data }: { backup: string; data: string },
): Promise<void> {
  const place = placeOf(expected.path);
  if (place === null && expected.path !== START_FILE)
    throw new BackupError(`the manifest names a file that no backup has: ${JSON.stringify(expected.path)}`);
  const file = await open(path.join(backup, expected.path), 'r').catch((cause: unknown) => {
    throw new BackupError(`${expected.path} is missing in the backup`, { cause });
  });
  const { content, measured } = measuring(file.createReadStream());
  if (place === null) for await (const _ of content);
  else {
    await mkdir(path.dirname(path.join(data, place)), { recursive: true, mode: 0o700 });
    await writeSynced(path.join(data, place), content);
  }
  const { bytes, sha256 } = measured();
  if (bytes !== expected.bytes)
    throw new BackupError(`${expected.path} is damaged: expected ${expected.bytes} bytes, got ${bytes}`);
  if (sha256 !== expected.sha256)
    throw new BackupError(`${expected.path} is damaged: expected SHA-256 ${expected.sha256}, got ${sha256}`);
}
