import { createReadStream } from 'node:fs';
import { appendFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { type Documents, type DocumentsHold, type Part, wholeFile } from '../documents/documents.ts';
import { type Execution, errorPartsOf, hasEnded } from '../model/execution.ts';
import { contentOf } from '../model/file-reader.ts';
import type { Store, StoreSnapshot } from '../store/store.ts';
import { type BackupStart, documentFile, FORMAT, MANIFEST_FILE, START_FILE, STORE_FILE } from './layout.ts';
import { type ManifestLines, manifestLines } from './manifest.ts';
import { measuring } from './measure.ts';

export type BackupSource = {
  readonly store: Store;
  readonly documents: Documents;
  readonly clock: () => number;
  readonly musterVersion: string;
};

type Content = { readonly content: AsyncIterable<Buffer>; readonly bytes: number };

type Writing = {
  readonly source: BackupSource;
  readonly snapshot: StoreSnapshot;
  readonly hold: DocumentsHold;
  readonly tar: Pack;
  readonly manifest: ManifestLines;
};

/**
 * A backup that was begun: the store at one moment, and the files that its executions have. They
 * are held first, so that none of them is removed between the two.
 */
export interface Backup {
  /** The tar stream; when it is over, whichever way, `closed` resolves. */
  readonly stream: Readable;
  readonly closed: Promise<void>;
}

/**
 * Begins a backup. Throws what the store or the disk says before there is a stream,
 * INSUFFICIENT_STORAGE among it. A reader that takes nothing for `idleMs` is given up.
 */
export async function openBackup(source: BackupSource, idleMs: number): Promise<Backup> {
  const { store, documents } = source;
  await documents.requireRoom(await store.sizeBytes());
  const hold = await documents.hold();
  const snapshot = await store.snapshot().catch(async (fault: unknown) => {
    await hold.release();
    throw fault;
  });
  const tar = pack();
  // told by the stream; once nobody reads it any more, to nobody
  tar.on('error', () => {});
  const writing = writeAll({ source, snapshot, hold, tar, manifest: manifestLines() }).catch(
    (fault: Error) => {
      // whoever reads is told by a stream that breaks off: there is no manifest yet
      tar.destroy(fault);
    },
  );
  const stream: Readable = Readable.from(
    endIdle(tar, idleMs, () => stream.destroy(new Error(`nobody took the backup for ${idleMs} ms`))),
    { objectMode: false },
  );
  stream.once('close', () => tar.destroy());
  const closed = writing.finally(async () => {
    await snapshot.discard().finally(hold.release);
  });
  return { stream, closed };
}

/**
 * Documents before the store: while they are gone through, the snapshot can still be asked and
 * told.
 */
async function writeAll(writing: Writing): Promise<void> {
  const { source, snapshot, tar, manifest } = writing;
  const start: BackupStart = {
    format: FORMAT,
    muster: source.musterVersion,
    created: source.clock(),
    schema_version: snapshot.schemaVersion,
    bytes: await snapshot.keptBytes(),
  };
  const first = Buffer.from(`${JSON.stringify(start)}\n`);
  await writeContent(writing, START_FILE, { content: Readable.from([first]), bytes: first.length });
  for (let after = '0'; ; ) {
    const executions = await snapshot.listExecutionsAfter(after);
    if (executions.length === 0) break;
    for (const execution of executions)
      if (execution.filesRemovedDate === null) await writeDocument(writing, execution);
    after = executions.at(-1)?.id ?? after;
  }
  await snapshot.finish();
  await writeContent(writing, STORE_FILE, await localFile(snapshot.file));
  await appendFile(manifestOf(snapshot), `${JSON.stringify(manifest.end())}\n`);
  await writeEntry(tar, MANIFEST_FILE, await localFile(manifestOf(snapshot)));
  tar.finalize();
}

/** Calls `end` when the reader does not come back for so long: a backup takes room on the disk. */
async function* endIdle(tar: Pack, idleMs: number, end: () => void): AsyncGenerator<Buffer> {
  for await (const chunk of tar) {
    const timer = setTimeout(end, idleMs);
    try {
      yield chunk as Buffer;
    } finally {
      clearTimeout(timer);
    }
  }
}

function manifestOf({ folder }: StoreSnapshot): string {
  return path.join(folder, MANIFEST_FILE);
}

/**
 * The files of an execution as they were at its checkpoint: parts of the error file that it does
 * not name belong to chunks that are not in the snapshot. Files of users who were erased are
 * replaced by shorter ones, and taken as they are. Those of an execution that has ended may be
 * removed by another process meanwhile.
 */
async function writeDocument(writing: Writing, execution: Execution): Promise<void> {
  const { source, snapshot } = writing;
  const { id, document, checkpoint } = execution;
  for (const part of [...wholeFile('input'), ...errorPartsOf(checkpoint)]) {
    if (await writePart(writing, document.folder, part)) continue;
    if (!hasEnded(execution.status))
      throw new Error(`the file ${part.name} of execution ${id} is not there, and it has not ended`);
    await snapshot.noteFilesRemoved(id, source.clock());
    return;
  }
}

/** Puts a kept file into the backup; `false` when it is gone. */
async function writePart(writing: Writing, folder: string, part: Part): Promise<boolean> {
  const file = await writing.hold.open(folder, [part]);
  if (file === null) return false;
  try {
    const content = { content: contentOf(file), bytes: file.bytes };
    await writeContent(writing, documentFile(folder, part.name), content);
  } finally {
    await file.close();
  }
  return true;
}

/** A file of the snapshot. */
async function localFile(file: string): Promise<Content> {
  return { content: createReadStream(file), bytes: (await stat(file)).size };
}

/** Puts something into the backup and notes it in the manifest. */
async function writeContent(
  { tar, manifest, snapshot }: Writing,
  name: string,
  { content, bytes }: Content,
): Promise<void> {
  const passing = measuring(content);
  await writeEntry(tar, name, { content: passing.content, bytes });
  await appendFile(manifestOf(snapshot), manifest.add({ path: name, ...passing.measured() }));
}

async function writeEntry(tar: Pack, name: string, { content, bytes }: Content): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const entry = tar.entry({ name, size: bytes, mode: 0o600 }, (error) =>
      error ? reject(error) : resolve(),
    );
    pipeline(content, entry).catch(reject);
  });
}
