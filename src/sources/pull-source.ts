import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from '../errors.ts';
import { isSameVersion, type SeenFile, type SourceFile } from '../model/source.ts';
import type { ClaimedSource } from '../store/source-records.ts';
import type { Store } from '../store/store.ts';
import { byOrder, type ChoosingBy, createChooser } from './choose-files.ts';
import { unseal } from './credentials.ts';
import { openSource } from './open-source.ts';
import { type Pulling, type PullSettings, putAway, takeFile } from './pull-file.ts';
import type { OpenSource } from './source-driver.ts';
import { reasonOfFault, SourceError } from './source-error.ts';

/** Names that the store is asked about at a time. */
const BATCH = 500;
/** After so many files in a row that could not be read, the others are left for the next run. */
const MAX_FAILED_IN_A_ROW = 3;

export type PullContext = Omit<Pulling, 'open' | 'claimed' | 'owner'>;

/**
 * What a run came to. `error`: why it FAILED, if it did; the files that it could take are taken all
 * the same.
 */
export type Pulled = {
  taken: number;
  refused: number;
  error: string | null;
  /** The same without the name of a file, for the log. */
  reason: string | null;
  /** Whether a file was left since it is still being written. */
  isGrowing: boolean;
};

/**
 * Pulls the files of a source, one after the other. It can be ended at any moment: a file is taken
 * when its execution is stored, and moved or deleted after that; the next run finds what is still
 * to be done. Rejects with the reason of its signal, or a fault of the service.
 */
export async function pullSource(claimed: ClaimedSource, context: PullContext): Promise<Pulled> {
  const pulled: Pulled = { taken: 0, refused: 0, error: null, reason: null, isGrowing: false };
  const { store, signal } = context;
  const { documentImportId, datamartId } = claimed.source;
  const documentImport = await store.documentImports.get(documentImportId);
  const datamart = await store.datamarts.get(datamartId);
  if (documentImport === null || datamart === null) return pulled;
  let open: OpenSource | null = null;
  try {
    open = await connect(claimed, context);
    const pulling: Pulling = { ...context, open, claimed, owner: { datamart, documentImport } };
    await pullFiles(pulling, pulled);
  } catch (fault) {
    if (signal.aborted) throw signal.reason;
    if (!(fault instanceof SourceError)) throw fault;
    pulled.error ??= fault.message;
    pulled.reason ??= fault.message;
  } finally {
    await open?.close();
  }
  return pulled;
}

/** Connects to a source as it is stored. */
export async function connectTo(
  source: ClaimedSource['source'],
  {
    store,
    clock,
    signal,
    settings,
  }: {
    readonly store: Store;
    readonly clock: () => number;
    readonly signal: AbortSignal;
    readonly settings: PullSettings;
  },
): Promise<OpenSource> {
  const { documentImportId, datamartId } = source;
  const { location } = source.settings;
  const sealed = await store.sources.credentials(documentImportId);
  const { network, folders, settleMs, keys } = settings;
  return openSource(location, {
    credentials: sealed === null ? {} : unseal(sealed, documentImportId, keys),
    ...{ network, folders, datamartId, settleMs, clock, signal },
    lastFile: (name) => lastFileOf(store, documentImportId, name),
    noteHostKey: (hostKey) => store.sources.noteHostKey(documentImportId, hostKey),
    knownHostKey: source.knownHostKey,
  });
}

export async function lastFileOf(
  store: Store,
  documentImportId: string,
  name: string,
): Promise<SourceFile | null> {
  return (await store.sources.lastFiles(documentImportId, [name])).get(name) ?? null;
}

function connect({ source }: ClaimedSource, context: PullContext): Promise<OpenSource> {
  return connectTo(source, context);
}

async function pullFiles(pulling: Pulling, pulled: Pulled): Promise<void> {
  const { claimed, owner, open, settings, signal } = pulling;
  const by: ChoosingBy = {
    settings: claimed.source.settings,
    mimeType: owner.documentImport.mimeType,
    retriesRefused: claimed.trigger === 'REQUEST',
  };
  const chosen = await chooseFiles(pulling, by);
  if (!claimed.dryRun) {
    for (const { file, known } of chosen.toPutAway) {
      signal.throwIfAborted();
      await noting(pulled, file, () => putAway(file, known, pulling));
    }
  }
  const whole = await wholeFiles(chosen.toTake, { open, settleMs: settings.settleMs, signal });
  pulled.isGrowing = whole.isGrowing;
  let failedInARow = 0;
  for (const file of whole.files) {
    signal.throwIfAborted();
    const outcome = await noting(pulled, file, () => takeFile(file, pulling));
    if (outcome?.type === 'TAKEN') pulled.taken++;
    if (outcome?.type === 'REFUSED') pulled.refused++;
    if (outcome?.type === 'CHANGED') pulled.isGrowing = true;
    const known = outcome?.known ?? null;
    if (known !== null) await noting(pulled, file, () => putAway(file, known, pulling));
    failedInARow = outcome === null ? failedInARow + 1 : 0;
    if (failedInARow >= MAX_FAILED_IN_A_ROW) return;
  }
}

/**
 * Does something with a file; what goes wrong is the error of the run, and null. Throws where no
 * other file would fare better.
 */
async function noting<T>(pulled: Pulled, file: SeenFile, task: () => Promise<T>): Promise<T | null> {
  try {
    return await task();
  } catch (fault) {
    if (!(fault instanceof SourceError || fault instanceof ServiceError)) throw fault;
    const reason = fault instanceof ServiceError ? fault.message : reasonOfFault(fault);
    pulled.error ??= `${file.name}: ${reason}`;
    pulled.reason ??= reason;
    if (fault instanceof ServiceError) throw new SourceError(reason, { cause: fault });
    return null;
  }
}

type Chosen = {
  readonly toTake: SeenFile[];
  readonly toPutAway: { readonly file: SeenFile; readonly known: SourceFile }[];
};

/**
 * The first files to be taken, and those to be put away. However many files there are, no more are
 * held than a run can take twice.
 */
async function chooseFiles({ open, claimed, store, signal }: Pulling, by: ChoosingBy): Promise<Chosen> {
  const { documentImportId, settings } = claimed.source;
  const chooser = createChooser(by);
  const chosen: Chosen = { toTake: [], toPutAway: [] };
  const compare = byOrder(settings.order);
  let batch: SeenFile[] = [];

  async function chooseBatch(): Promise<void> {
    const names = batch.map(({ name }) => name);
    const known = await store.sources.lastFiles(documentImportId, names);
    for (const file of batch) {
      const choice = chooser.choose(file, known.get(file.name) ?? null);
      if (choice.type === 'TAKE') chosen.toTake.push(file);
      if (choice.type === 'PUT_AWAY' && chosen.toPutAway.length < settings.maxFiles)
        chosen.toPutAway.push({ file, known: choice.known });
    }
    batch = [];
    if (chosen.toTake.length > settings.maxFiles) {
      chosen.toTake.sort(compare);
      chosen.toTake.length = settings.maxFiles;
    }
  }

  for await (const listed of open.list()) {
    signal.throwIfAborted();
    if (chooser.passesOver(listed) !== null) continue;
    const { unfit: _, ...file } = listed;
    if ((await isWaitingFor(open, file)) === null) batch.push(file);
    if (batch.length >= BATCH) await chooseBatch();
  }
  await chooseBatch();
  chosen.toTake.sort(compare);
  return chosen;
}

/**
 * What a file waits for that is beside it; null for one that waits for nothing, or for time alone.
 */
async function isWaitingFor(open: OpenSource, file: SeenFile): Promise<string | null> {
  const state = await open.stateOf(file);
  return typeof state === 'string' ? null : state.waitsFor;
}

/** Those that nobody writes to any more: of which it cannot be told at once is looked at twice. */
async function wholeFiles(
  files: readonly SeenFile[],
  {
    open,
    settleMs,
    signal,
  }: { readonly open: OpenSource; readonly settleMs: number; readonly signal: AbortSignal },
): Promise<{ readonly files: readonly SeenFile[]; readonly isGrowing: boolean }> {
  const unsure = new Set<SeenFile>();
  for (const file of files) if ((await open.stateOf(file)) === 'UNSURE') unsure.add(file);
  if (unsure.size === 0) return { files, isGrowing: false };
  await sleep(settleMs, undefined, { signal });
  const growing = new Set<SeenFile>();
  for (const file of unsure) {
    const now = await open.look(file.name);
    if (now === null || now.bytes !== file.bytes || !isSameVersion(now, file)) growing.add(file);
  }
  return { files: files.filter((file) => !growing.has(file)), isGrowing: growing.size > 0 };
}
