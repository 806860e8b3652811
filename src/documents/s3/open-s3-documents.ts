import { randomUUID } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { DocumentsUnusableError } from '../../errors.ts';
import { passFaultPoint } from '../../fault-points.ts';
import type { Documents, DocumentsToCheck, KeptFolder, OpenFile } from '../documents.ts';
import { type FileFacts, joinParts } from '../join-parts.ts';
import {
  ID_NAME,
  isErrorsName,
  isFolderName,
  newErrorsName,
  newFolderName,
  requireFileName,
  requireFolderName,
} from '../names.ts';
import { type ReceiveSettings, receiveFile } from '../receive.ts';
import { createRoomCheck, freeBytesOf } from '../room.ts';
import { makeLocalFile, removeUntouched } from '../scratch.ts';
import { writeGuarded } from '../write-guarded.ts';
import { createS3Holds } from './holds.ts';
import { S3Objects, type S3Place } from './objects.ts';

/** Where in a bucket the documents are: `prefix` is empty or ends in a slash. */
export type S3Settings = S3Place & { readonly prefix: string };

/**
 * Waits for an answer, and for the next bytes of one. A connection that stands still is given up.
 */
const CONNECT_MS = 5_000;
const STAND_STILL_MS = 30_000;
/** Uploads, downloads and imports at the same time; more wait for a free one. */
const MOST_CONNECTIONS = 128;

/**
 * With endpoint, region and credentials as the SDK finds them: environment, shared files, roles.
 */
export function s3Settings(
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  { s3PathStyle }: { readonly s3PathStyle: boolean },
): S3Settings {
  const agent = { maxSockets: MOST_CONNECTIONS };
  const client = new S3Client({
    forcePathStyle: s3PathStyle,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: STAND_STILL_MS,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
  return { client, bucket, prefix };
}

/**
 * Opens the documents in a bucket: the file NAME of a folder is the object
 * `PREFIXkept/FOLDER/NAME`, as in a folder on a disk. An object is there when all of it is. Uploads
 * are received into `scratch`, a local folder of this process, and stored from there: so a slow
 * sender holds no memory and no upload in parts open, and a file that is refused never gets there.
 *
 * @throws DocumentsUnusableError when the bucket cannot be listed or written
 */
export async function openS3Documents(
  settings: S3Settings,
  scratch: string,
  receiving: ReceiveSettings & { readonly minFreeBytes: number },
): Promise<Documents> {
  const objects = new S3Objects(settings);
  const { prefix } = settings;
  await mkdir(scratch, { recursive: true });
  await requireUsable(objects, prefix);
  const requireRoom = createRoomCheck(() => freeBytesOf(scratch), receiving.minFreeBytes);
  const keyOf = (folder: string, name: string) => `${folderKey(prefix, folder)}${requireFileName(name)}`;
  const keysOf = (folder: string) => listKeys(objects, folderKey(prefix, folder));
  const holds = createS3Holds(async (folder) => objects.remove(await keysOf(folder)));
  const openFile = opener(objects, prefix);
  const openKept: OpenFile = async (folder, parts) =>
    holds.isRemoved(folder) ? null : openFile(folder, parts);

  return {
    receive: (upload) =>
      withLocalFile(scratch, async (file) => {
        const measured = await receiveFile(file, upload, {
          ...receiving,
          requireRoom,
          finish: async () => {},
        });
        const folder = newFolderName();
        await objects.putFile(keyOf(folder, 'input'), { path: file, bytes: measured.bytes });
        return { folder, ...measured };
      }),
    make: (write, bounds) =>
      withLocalFile(scratch, async (file) => {
        const { written, bytes } = await writeGuarded(file, write, { requireRoom, ...bounds });
        const folder = newFolderName();
        await objects.putFile(keyOf(folder, 'export'), { path: file, bytes });
        return { folder, bytes, written };
      }),
    makeLocal: (write, bounds) => makeLocalFile(scratch, write, { requireRoom, ...bounds }),
    async addErrors(folder, content) {
      const name = newErrorsName();
      passFaultPoint('error-file-half-written');
      await objects.put(keyOf(folder, name), content);
      return name;
    },
    async removeOtherErrors(folder, parts) {
      const kept = new Set(parts.map(({ name }) => keyOf(folder, name)));
      const errors = (await keysOf(folder)).filter((key) => isErrorsName(path.posix.basename(key)));
      await objects.remove(errors.filter((key) => !kept.has(key)));
    },
    open: openKept,
    requireRoom,
    freeBytes: () => freeBytesOf(scratch),
    hold: async () => ({ open: openFile, release: holds.hold() }),
    replace: (folder, name, content) =>
      withLocalFile(scratch, async (file) => {
        const bytes = await writeAll(file, content);
        const there = await openKept(folder, [{ name, bytes }]);
        if (there === null) return false;
        await there.close();
        await objects.putFile(keyOf(folder, name), { path: file, bytes });
        return true;
      }),
    remove: async (folder) => holds.remove(requireFolderName(folder)),
    async *listFolders() {
      for await (const kept of listFolders(objects, prefix)) if (!holds.isRemoved(kept.folder)) yield kept;
    },
    id: () => idOf(objects, `${prefix}${ID_NAME}`),
    isEmpty: async () => (await listFolders(objects, prefix).next()).done === true,
    async sweepUnfinished(before) {
      await removeUntouched(scratch, before);
      await objects.abortUploads(`${prefix}kept/`, before);
    },
    close: async () => settings.client.destroy(),
  };
}

/** Has a local file made and gone again when `use` is over. */
async function withLocalFile<T>(scratch: string, use: (file: string) => Promise<T>): Promise<T> {
  const file = path.join(scratch, randomUUID());
  try {
    return await use(file);
  } finally {
    await rm(file, { force: true });
  }
}

/** `Documents.id`, under a key. */
async function idOf(objects: S3Objects, key: string): Promise<string> {
  const known = await objects.open(key);
  if (known === null) {
    const fresh = randomUUID();
    if (await objects.create(key, Buffer.from(`${fresh}\n`))) return fresh;
  }
  const file = known ?? (await objects.open(key));
  if (file === null) throw new DocumentsUnusableError(`the object ${key} went away while it was read`);
  return (await file.read(0, file.bytes).finally(file.close)).toString('utf8').trim();
}

async function listKeys(objects: S3Objects, prefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of objects.list(prefix)) keys.push(key);
  return keys;
}

/** The documents in a bucket, to look at: nothing is changed. */
export function readS3Documents(settings: S3Settings): DocumentsToCheck {
  const objects = new S3Objects(settings);
  const { prefix } = settings;
  return {
    hold: async () => ({ open: opener(objects, prefix), release: async () => {} }),
    listFolders: () => listFolders(objects, prefix),
  };
}

function folderKey(prefix: string, folder: string): string {
  return `${prefix}kept/${requireFolderName(folder)}/`;
}

function opener(objects: S3Objects, prefix: string): OpenFile {
  return (folder, parts) => {
    const files = folderKey(prefix, folder);
    return joinParts(parts, {
      open: (name, known) => objects.open(`${files}${requireFileName(name)}`, known),
      facts: async (names) => {
        const wanted = new Set(names);
        const facts = new Map<string, FileFacts>();
        for await (const object of objects.list(files)) {
          const name = path.posix.basename(object.key);
          if (wanted.has(name)) facts.set(name, object);
        }
        return facts;
      },
    });
  };
}

/** The keys of a folder follow each other. */
async function* listFolders(objects: S3Objects, prefix: string): AsyncGenerator<KeptFolder> {
  let last: KeptFolder | null = null;
  const start = `${prefix}kept/`;
  for await (const { key, modifiedAt } of objects.list(start)) {
    const [folder = ''] = key.slice(start.length).split('/');
    if (!isFolderName(folder)) continue;
    if (last !== null && last.folder !== folder) yield last;
    const before: number = last?.folder === folder ? last.modifiedAt : 0;
    last = { folder, modifiedAt: Math.max(modifiedAt, before) };
  }
  if (last !== null) yield last;
}

async function writeAll(file: string, content: AsyncIterable<Buffer>): Promise<number> {
  const handle = await open(file, 'wx', 0o600);
  try {
    let bytes = 0;
    for await (const chunk of content) {
      await handle.appendFile(chunk);
      passFaultPoint('erasure-file-half-written');
      bytes += chunk.length;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

/**
 * Does once what the service will do, so that what is missing is told at the start and not to the
 * first sender.
 */
async function requireUsable(objects: S3Objects, prefix: string): Promise<void> {
  const probe = `${prefix}probe/${randomUUID()}`;
  try {
    await objects.list(`${prefix}kept/`).next();
    await objects.put(probe, Buffer.from('written at a start of Muster, and removed again\n'));
    await objects.remove([probe]);
  } catch (cause) {
    throw new DocumentsUnusableError((cause as Error).message, { cause });
  }
}
