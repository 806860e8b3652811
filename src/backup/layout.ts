/** What a backup consists of, as a tar stream and as a folder alike. */

/** Grows when a reader of the format before could not read it. 2: error files have parts. */
export const FORMAT = 2;

/** The first file: what kind of backup it is, and how much is to come. */
export const START_FILE = 'backup.json';
/** The last file: every other one with its size and SHA-256. A backup without it was cut off. */
export const MANIFEST_FILE = 'manifest.ndjson';
export const STORE_FILE = 'store/muster.duckdb';

const FOLDER_NAME = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const DOCUMENT_FILE = new RegExp(`^documents/(${FOLDER_NAME})/(input|errors-[0-9a-f]{16})$`);

/** The first file's content. */
export type BackupStart = {
  readonly format: number;
  readonly muster: string;
  /** ms since the epoch. */
  readonly created: number;
  readonly schema_version: number;
  /** Of all files together, about. */
  readonly bytes: number;
};

/** What a kept file is called in a backup. */
export function documentFile(folder: string, name: string): string {
  return `documents/${folder}/${name}`;
}

/**
 * Where a file of a backup belongs in a data folder; null for a name that no backup has. Nothing
 * else is made a path.
 */
export function placeOf(name: string): string | null {
  if (name === STORE_FILE) return STORE_FILE;
  const match = DOCUMENT_FILE.exec(name);
  return match === null ? null : `documents/kept/${match[1]}/${match[2]}`;
}
