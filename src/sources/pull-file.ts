import { createHash } from 'node:crypto';
import { cleanFileName } from '../documents/clean-file-name.ts';
import type { Documents } from '../documents/documents.ts';
import { fileTooLarge } from '../documents/receive.ts';
import { ServiceError } from '../errors.ts';
import { passFaultPoint } from '../fault-points.ts';
import { makeExecution } from '../make-execution.ts';
import type { Author } from '../model/audit.ts';
import type { Datamart } from '../model/datamart.ts';
import type { DocumentImport } from '../model/document-import.ts';
import type { StoredDocument } from '../model/execution.ts';
import type { SeenFile, SourceFile } from '../model/source.ts';
import type { ClaimedSource } from '../store/source-records.ts';
import type { Store } from '../store/store.ts';
import type { SourceKeys } from './credentials.ts';
import { atLeastAt, type MinRate } from './rate.ts';
import type { Network } from './reach.ts';
import type { OpenSource } from './source-driver.ts';
import { reasonOfFault, SourceError } from './source-error.ts';

/** What is configured of all sources. */
export type PullSettings = {
  readonly network: Network;
  readonly folders: readonly string[];
  readonly keys: SourceKeys;
  readonly settleMs: number;
  readonly maxUploadBytes: number;
  readonly rate: MinRate;
};

export type Pulling = {
  readonly store: Store;
  readonly documents: Documents;
  readonly clock: () => number;
  readonly settings: PullSettings;
  readonly signal: AbortSignal;
  /** Lets a file in as an upload is let in. */
  readonly admit: <T>(
    sender: { datamartId: string; tokenId: string },
    receive: () => Promise<T>,
  ) => Promise<T>;
  readonly open: OpenSource;
  readonly claimed: ClaimedSource;
  readonly owner: { readonly datamart: Datamart; readonly documentImport: DocumentImport };
};

/** The name that sources have in the audit log, and among senders. */
const NAME = 'source';
const MAX_REASON_CHARS = 500;

/**
 * CHANGED: it was written to while it was read. `known`: what is now known of it, where it is to be
 * put away.
 */
export type Outcome = {
  readonly type: 'TAKEN' | 'SAME' | 'REFUSED' | 'CHANGED';
  readonly known?: SourceFile | null;
};

/**
 * Takes one file: reads it as an upload is read, and makes an execution of it.
 *
 * @throws SourceError for what may pass, of this file; ServiceError for what keeps every file out
 */
export async function takeFile(file: SeenFile, pulling: Pulling): Promise<Outcome> {
  const { store, documents, claimed } = pulling;
  const { documentImportId } = claimed.source;
  try {
    const document = await receive(file, pulling);
    if (document === 'CHANGED') return { type: 'CHANGED' };
    passFaultPoint('source-file-received');
    const before = await store.sources.lastTaken(documentImportId, file.name);
    if (before !== null && before.sha256 === document.sha256) {
      await documents.remove(document.folder);
      return await noteSame(file, before, pulling);
    }
    await create(document, { file, before }, pulling);
  } catch (fault) {
    return noteFailure(file, fault, pulling);
  }
  if (claimed.dryRun || claimed.source.settings.after === 'leave') return { type: 'TAKEN' };
  return { type: 'TAKEN', known: await store.sources.lastTaken(documentImportId, file.name) };
}

/** Moves or deletes a file whose execution is stored, as its source asks for. */
export async function putAway(
  file: SeenFile,
  { id, executionId }: SourceFile,
  { open, claimed, store }: Pulling,
): Promise<void> {
  const { after, afterFolder } = claimed.source.settings;
  passFaultPoint('source-file-taken');
  if (after === 'move') await open.move(file, { folder: afterFolder, prefix: `${executionId}-` });
  if (after === 'delete') await open.remove(file);
  passFaultPoint('source-file-put-away');
  await store.sources.notePutAway(id);
}

async function receive(file: SeenFile, pulling: Pulling): Promise<StoredDocument | 'CHANGED'> {
  const { documents, open, admit, settings, signal, owner, claimed } = pulling;
  const { documentImport } = owner;
  const { mimeType, mapping, datamartId } = documentImport;
  if ((file.bytes ?? 0) > settings.maxUploadBytes) throw fileTooLarge(settings.maxUploadBytes);
  return admit({ datamartId, tokenId: NAME }, async () => {
    await documents.requireRoom(file.bytes ?? 0);
    const reading = await open.read(file);
    const end = () => reading.stream.destroy(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    try {
      const received = await documents.receive({
        stream: atLeastAt(reading.stream, settings.rate),
        contentEncoding: reading.contentEncoding,
        ...{ mimeType, mapping, profile: 'COMMANDS', allowEmpty: claimed.source.settings.allowEmpty },
      });
      const document = { ...received, fileName: cleanFileName(file.name, mimeType) };
      const isWhole = !signal.aborted && (await reading.isUnchanged());
      if (!isWhole) await documents.remove(document.folder);
      signal.throwIfAborted();
      return isWhole ? document : 'CHANGED';
    } finally {
      signal.removeEventListener('abort', end);
      await reading.close();
    }
  });
}

type Found = { readonly file: SeenFile; readonly before: SourceFile | null };

async function create(document: StoredDocument, { file, before }: Found, pulling: Pulling): Promise<void> {
  const { store, documents, clock, claimed, owner } = pulling;
  const { settings, documentImportId } = claimed.source;
  const { datamart, documentImport } = owner;
  const creationDate = clock();
  const author: Author = { tokenId: null, tokenName: NAME, requestId: null, at: creationDate };
  const { mimeType, priority, mapping } = documentImport;
  const made = await makeExecution(
    { store, documents },
    {
      organisationId: datamart.organisationId,
      datamartId: datamart.id,
      job: { type: 'DOCUMENT_IMPORT', documentImportId },
      ...{ mimeType, priority, mapping, document, creationDate, author },
      options: { ...settings.options, dryRun: claimed.dryRun },
      userId: null,
      ...(claimed.dryRun ? {} : { key: keyOf(document, { file, before }) }),
      sourceFile: { ...file, toPutAway: settings.after !== 'leave' },
    },
  );
  if (made === 'KEY_REUSED') throw new SourceError('another run takes it at the same time');
  // the import is gone, and its source with it
  if (made === null) throw new SourceError('the document import is not there any more');
}

/**
 * The same for the same bytes under the same name after the same file before, whoever takes them:
 * of two runs that overlap, where a lease was lost, one makes an execution and the other is given
 * it.
 */
function keyOf({ sha256 }: StoredDocument, { file, before }: Found) {
  const of = JSON.stringify([file.name, sha256, before?.executionId ?? null]);
  return { value: `source:${createHash('sha256').update(of).digest('hex')}`, parameters: NAME };
}

async function noteSame(file: SeenFile, before: SourceFile, pulling: Pulling): Promise<Outcome> {
  const { store, clock, claimed } = pulling;
  if (claimed.dryRun) return { type: 'SAME' };
  const { documentImportId, settings } = claimed.source;
  const { executionId, sha256 } = before;
  const toPutAway = settings.after !== 'leave';
  await store.sources.noteFile({
    ...{ ...file, documentImportId, status: 'SAME', sha256, executionId, date: clock(), toPutAway },
    reason: `it holds what execution ${executionId} took under this name`,
  });
  if (!toPutAway) return { type: 'SAME' };
  const known = (await store.sources.lastFiles(documentImportId, [file.name])).get(file.name) ?? null;
  return { type: 'SAME', known };
}

/** What a file is refused for says that the same bytes would be refused again. */
function isRefusal(fault: unknown): fault is ServiceError {
  return fault instanceof ServiceError && [400, 413, 415].includes(fault.status);
}

async function noteFailure(file: SeenFile, fault: unknown, pulling: Pulling): Promise<Outcome> {
  const { store, clock, claimed, signal } = pulling;
  if (signal.aborted) throw signal.reason;
  if (!(fault instanceof ServiceError || fault instanceof SourceError)) throw fault;
  const message = fault instanceof ServiceError ? fault.message : reasonOfFault(fault);
  await store.sources.noteFile({
    ...file,
    documentImportId: claimed.source.documentImportId,
    status: isRefusal(fault) ? 'REFUSED' : 'FAILED',
    ...{ sha256: null, executionId: null, toPutAway: false, date: clock() },
    reason: [...message].slice(0, MAX_REASON_CHARS).join(''),
  });
  if (isRefusal(fault)) return { type: 'REFUSED' };
  // it stands still, which says nothing of the others
  if (fault instanceof ServiceError && fault.status === 408) throw new SourceError(message, { cause: fault });
  throw fault;
}
