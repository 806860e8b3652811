import { randomBytes, randomUUID } from 'node:crypto';
import { access, constants, mkdir, readdir, stat } from 'node:fs/promises';
import type { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Config, ConfigError, hasS3Endpoint } from './config.ts';
import { openIntake } from './content/intake.ts';
import type { Documents } from './documents/documents.ts';
import { openDocuments } from './documents/open-documents.ts';
import { placeOfDocuments } from './documents/place.ts';
import { DocumentsUnusableError, StoreDamagedError, StoreInUseError, StoreLostError } from './errors.ts';
import { watchEventLoopLag } from './event-loop-lag.ts';
import { createEvents } from './events.ts';
import { createFairTurns } from './fair-turns.ts';
import { kindOfFault } from './faults.ts';
import { buildApp } from './http/app.ts';
import { createEventStreams } from './http/executions/event-streams.ts';
import { readCertificate } from './http/server.ts';
import type { HttpDependencies, RouteAccess } from './http/types.ts';
import { createAdmission } from './http/uploads/admission.ts';
import { createLookUpGate } from './http/users/look-up-gate.ts';
import { readIdentifier } from './import/read-body.ts';
import { openLogger } from './log.ts';
import { logOutput } from './log-lines.ts';
import { createLookUpTimes } from './look-up-times.ts';
import type { Author } from './model/audit.ts';
import type { ApiToken } from './model/token.ts';
import { hashToken } from './model/token-hash.ts';
import { makePrivate, writePrivately } from './private-files.ts';
import { createProgressBoard } from './progress-board.ts';
import { startBackgroundJobs } from './runner/background-jobs.ts';
import { CallQueue } from './runner/call-queue.ts';
import { RunningJob } from './runner/job.ts';
import { leaderJob } from './runner/leader.ts';
import { Runner } from './runner/runner.ts';
import { startPace } from './runner/start-pace.ts';
import { safeMessage } from './safe-message.ts';
import { openStore } from './store/open-store.ts';
import type { Store } from './store/store.ts';
import { favourEventLoop } from './thread-priority.ts';

export type Service = {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The admin token that this start made, or null when there was one. */
  readonly adminToken: string | null;
  readonly store: Store;
  /** Its routes, with who may call them. */
  readonly routes: readonly RouteAccess[];
  /**
   * Resolves when the store can no longer be used: nothing can be served until the service is
   * started again.
   */
  readonly lost: Promise<Error>;
  /**
   * Reads certificate and key again; connections go on. One that cannot be used is logged, and the
   * old one kept.
   */
  reloadCertificate(): void;
  /**
   * Stops taking requests, brings running executions to a safe point, and lets go of everything; of
   * a PostgreSQL that has not answered for 15 s as it is.
   */
  close(): Promise<void>;
};

/** Name of the token that the configuration presets; at most one token has it. */
const PRESET_TOKEN = 'preset admin token';

/**
 * Opens the parts of the service in order, and listens. They are closed in reverse: what fails on
 * the way closes what was opened before it.
 */
export async function startService(config: Config, clock: () => number = Date.now): Promise<Service> {
  const logger = openLogger(config.logLevel, logOutput(config.logFormat));
  const parts = new OpenParts(logger);
  try {
    return await openAll(parts, { config, logger, clock });
  } catch (error) {
    await parts
      .close()
      .catch((cause: unknown) => logger.error({ err: cause }, 'the start was not undone in order'));
    throw asConfigError(error, config.data);
  }
}

async function openAll(
  parts: OpenParts,
  { config, logger, clock }: Pick<HttpDependencies, 'config' | 'logger' | 'clock'>,
): Promise<Service> {
  await prepareDataFolder(config, logger);
  warnOfShortToken(config, logger);
  const events = createEvents();
  const loss = createLoss(logger);
  const documents = parts.add(
    await openDocuments({ ...config, s3PathStyle: hasS3Endpoint() }, { ...config, openIntake }),
  );
  const store = parts.addStore(
    await openStore({
      ...storeOptions(config),
      // kept files belong to a store, which must know of them
      expected: (await documents.isEmpty()) ? 'EXISTING_OR_FRESH' : 'EXISTING',
      ...{ now: clock(), clock, log: logger, events, onLost: loss.note },
    }),
    config,
  );
  favourEventLoop();
  await requireSameDocuments(store, documents);
  const adminToken = await provideAdminToken(store, config.adminToken, clock());
  const shared = { config, logger, clock, store, documents, events };
  const worker = randomUUID();
  const progress = createProgressBoard((id) => events.emit('EXECUTION_CHANGED', id));
  const admission = createAdmission(store, config);
  const exportTurns = createFairTurns(1);
  const start = () => startBackgroundJobs({ ...shared, exportTurns, admit: admission.admit });
  const leader = parts.add(new RunningJob(leaderJob({ ...shared, worker, start })));
  await leader.begun;
  const lookUpTimes = createLookUpTimes();
  const eventLoopLag = parts.add(watchEventLoopLag());
  const pace = parts.add(startPace({ goalMs: config.lookupGoalMs, p99: lookUpTimes.p99 }, logger));
  const running = { ...runnerOptions(config), ...shared, worker, progress, pace };
  parts.add(new Runner(running, { parallel: config.parallelExecutions, pollMs: pollMs(config), events }));
  const calls = parts.add(new CallQueue({ store, clock, logger, limits: config }));
  const lookUpGate = createLookUpGate(store, config);
  const eventStreams = createEventStreams({ ...config, ...shared, progress, pollMs: pollMs(config) });
  const applyCommands: HttpDependencies['applyCommands'] = (call, isGone) => calls.apply(call, isGone);
  const app = parts.add(
    await buildApp({
      ...{ ...shared, progress, pace, lookUpTimes, eventLoopLag, lookUpGate },
      ...{ admission, readIdentifier, applyCommands, exportTurns, eventStreams },
    }),
  );
  // those that have not begun are not waited for
  parts.add({ close: () => calls.stop() });
  const url = await app.listen({ host: config.host, port: config.port });
  logServiceStart(logger, url);
  return {
    ...{ url, adminToken, store, routes: app.routeTable, lost: loss.promise },
    reloadCertificate: () => renewCertificate(app.server, config, logger),
    close: () => parts.close(),
  };
}

/** What is open, in the order in which it was opened. */
class OpenParts {
  readonly #parts: { close(): unknown }[] = [];
  readonly #logger: Logger;
  /** A store on another machine, which may fall silent. */
  #farStore: Store | null = null;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add<P extends { close(): unknown }>(part: P): P {
    this.#parts.push(part);
    return part;
  }

  addStore(store: Store, config: Config): Store {
    if (config.store !== null) this.#farStore = store;
    return this.add(store);
  }

  /** Closes them in reverse; does not wait for a store that has fallen silent. */
  async close(): Promise<void> {
    const closed = new AbortController();
    const ends = [this.#closeInReverse()];
    if (this.#farStore !== null) ends.push(untilSilent(this.#farStore, closed.signal, this.#logger));
    await Promise.race(ends).finally(() => closed.abort());
  }

  async #closeInReverse(): Promise<void> {
    while (this.#parts.length > 0) await this.#parts.pop()?.close();
  }
}

/** A promise of the fault after which the store can no longer be used, and who settles it. */
function createLoss(logger: Logger): { promise: Promise<Error>; note: (fault: Error) => void } {
  let tell: (fault: Error) => void = () => undefined;
  const promise = new Promise<Error>((resolve) => (tell = resolve));
  const note = (fault: Error) => {
    logger.fatal({ err: fault }, 'the store can no longer be used, the service has to be started again');
    tell(fault);
  };
  return { promise, note };
}

function storeOptions(config: Config) {
  return {
    url: config.store,
    data: config.data,
    connections: config.storeConnections,
    memoryBytes: config.databaseMemory,
    threads: config.databaseThreads,
  };
}

function runnerOptions(config: Config) {
  return {
    limits: {
      bytes: config.chunkBytes,
      rows: config.chunkRows,
      errorFile: { lines: config.maxErrorFileLines, bytes: config.maxErrorFileBytes },
    },
    turnMs: config.turnMs,
    retryMs: config.retryMs,
    maxFaultWaitMs: config.maxFaultWaitMs,
  };
}

/**
 * How often the store is asked for what nobody told of. Other nodes may have work for this one, and
 * news of executions that are followed here; a store of this process alone has hardly any.
 */
function pollMs({ store }: Config): number {
  return store === null ? 5_000 : 1_000;
}

/** How long a stop waits for a store that does not answer. */
const MAX_SILENCE_MS = 15_000;
const LISTEN_MS = 1_000;

/**
 * Resolves when the store has not answered for too long, or the signal aborts. What it has under
 * way is left as if the process had been killed; a store that is only busy answers, and is waited
 * for.
 */
async function untilSilent(store: Store, signal: AbortSignal, logger: Logger): Promise<void> {
  for (let answeredAt = performance.now(); ; ) {
    const isThere = await store.check().then(
      () => true,
      () => false,
    );
    if (signal.aborted) return;
    if (isThere) answeredAt = performance.now();
    else if (performance.now() - answeredAt >= MAX_SILENCE_MS) break;
    await sleep(LISTEN_MS, undefined, { signal }).catch(() => undefined);
  }
  logger.warn('the store does not answer, and the stop does not wait for it any longer');
}

/**
 * A node with other documents would not find the files that the rest have received: a folder of its
 * own, or one that is not mounted.
 */
async function requireSameDocuments(store: Store, documents: Documents): Promise<void> {
  if (store.keepDocumentsId === undefined) return;
  const id = await documents.id();
  const known = await store.keepDocumentsId(id);
  if (id === known) return;
  throw new DocumentsUnusableError(
    `they have the id ${id}, those of the store's other nodes ${known}. All nodes need the same --documents: a folder that each of them has mounted, or a bucket. When documents move, their file "id" moves with them`,
  );
}

/** What keeps a data folder from being used, as a message that names it. */
function asConfigError(error: unknown, folder: string): unknown {
  if (error instanceof StoreInUseError || error instanceof StoreDamagedError)
    return new ConfigError(`data: ${error.message}`, { cause: error });
  if (error instanceof DocumentsUnusableError)
    return new ConfigError(`documents: ${error.message}`, { cause: error });
  const cause = error instanceof StoreLostError ? error.cause : error;
  if (kindOfFault(cause) === null) return error;
  return new ConfigError(`data: the folder ${folder} cannot be used: ${safeMessage(cause)}`, { cause });
}

/** What the service writes in its data folder, and where documents are. */
const DATA_NAMES = ['store', 'staging', 'scratch', 'documents'];
const DOCUMENTS_NAMES = ['incoming', 'kept', 'removed'];

async function prepareDataFolder(config: Config, logger: Logger): Promise<void> {
  writePrivately();
  await makeDataFolder(config.data);
  await makeDataPrivate(config, logger);
}

/** Versions before wrote files that others could read. */
async function makeDataPrivate(config: Config, logger: Logger): Promise<void> {
  const place = placeOfDocuments(config);
  const made = [
    await makePrivate(config.data, DATA_NAMES),
    ...(place.type === 'FOLDER' ? [await makePrivate(place.dir, DOCUMENTS_NAMES)] : []),
  ];
  const changed = made.reduce((sum, each) => sum + each.changed, 0);
  if (changed > 0) logger.info({ changed }, 'files and folders that others could use were made private');
  for (const { failed } of made) {
    if (failed !== null)
      logger.warn({ path: failed }, 'others can use this file or folder, and it could not be made private');
  }
}

/** How long a token is that nobody guesses. */
const LONG_TOKEN = 32;

function warnOfShortToken({ adminToken }: Config, logger: Logger): void {
  if (adminToken === null || adminToken.length >= LONG_TOKEN) return;
  logger.warn(
    { characters: adminToken.length, expected: LONG_TOKEN },
    'the preset admin token is short: take as many random characters as expected, such as those of openssl rand -hex 32',
  );
}

async function makeDataFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    await readdir(folder);
  } catch (error) {
    throw new ConfigError(`data: the folder ${folder} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/**
 * Makes a folder and what lies above it. Not recursively where the folder above is there: Node's
 * recursive mkdir never returns for a folder that a file system such as /proc refuses with ENOENT.
 */
async function makeFolder(folder: string): Promise<void> {
  const parent = path.dirname(folder);
  const above = await stat(parent).catch(() => null);
  if (above === null && parent !== folder) await makeFolder(parent);
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

function renewCertificate(server: HttpServer, config: Config, logger: Logger): void {
  if (!(server instanceof HttpsServer)) return;
  try {
    server.setSecureContext(readCertificate(config) ?? {});
    logger.info('certificate was read again');
  } catch (error) {
    logger.error({ err: error }, 'certificate could not be read again, the old one stays');
  }
}

function logServiceStart(logger: Logger, url: string): void {
  logger.info({ url, node: process.version, pid: process.pid }, 'service started');
}

/**
 * Sees to it that somebody can get in: the preset token, or on a store without any a new one, which
 * is returned.
 */
async function provideAdminToken(store: Store, preset: string | null, now: number): Promise<string | null> {
  const elements = await allTokens(store);
  if (preset !== null) {
    const known = await store.tokens.findByHash(hashToken(preset));
    // first, or the one before could be the last admin's, which cannot be removed
    if (!known) await store.tokens.create(...adminToken({ name: PRESET_TOKEN, value: preset, now }));
    for (const token of elements) {
      if (token.name === PRESET_TOKEN && token.id !== known?.id)
        await store.tokens.remove(token.id, { now, author: serviceAt(now) });
    }
    return null;
  }
  if (elements.length > 0) return null;
  const value = `muster_${randomBytes(32).toString('base64url')}`;
  // another node may be at it as well: what is printed is the one that is there
  const created = await store.tokens.createFirst(...adminToken({ name: 'first admin token', value, now }));
  return created === null ? null : value;
}

async function allTokens(store: Store): Promise<readonly ApiToken[]> {
  const all: ApiToken[] = [];
  for (;;) {
    const { elements, total } = await store.tokens.list({ firstResult: all.length, maxResults: 1000 });
    all.push(...elements);
    if (elements.length === 0 || all.length >= total) return all;
  }
}

function adminToken({
  name,
  value,
  now,
}: {
  name: string;
  value: string;
  now: number;
}): Parameters<Store['tokens']['create']> {
  const token = {
    name,
    role: 'admin',
    datamartIds: null,
    creationDate: now,
    expirationDate: null,
    valueHash: hashToken(value),
  } as const;
  return [token, serviceAt(now)];
}

/** The service itself, in the audit log. */
function serviceAt(now: number): Author {
  return { tokenId: null, tokenName: 'service', requestId: null, at: now };
}
