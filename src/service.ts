import { randomBytes, randomUUID } from 'node:crypto';
import { access, constants, mkdir, readdir, stat } from 'node:fs/promises';
import type { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Config, ConfigError, hasS3Endpoint } from './config.ts';
import { openDocuments } from './documents/open-documents.ts';
import { placeOfDocuments } from './documents/place.ts';
import { DocumentsUnusableError, StoreDamagedError, StoreInUseError, StoreLostError } from './errors.ts';
import { watchEventLoopLag } from './event-loop-lag.ts';
import { createFairTurns } from './fair-turns.ts';
import { kindOfFault } from './faults.ts';
import { buildApp } from './http/app.ts';
import { createEventStreams } from './http/executions/event-streams.ts';
import { readCertificate } from './http/server.ts';
import type { RouteAccess } from './http/types.ts';
import { createAdmission } from './http/uploads/admission.ts';
import { createLookUpGate } from './http/users/look-up-gate.ts';
import { readIdentifier } from './import/read-body.ts';
import { openLogger } from './log.ts';
import { logOutput } from './log-lines.ts';
import { createLookUpTimes } from './look-up-times.ts';
import type { Author } from './model/audit.ts';
import type { ApiToken } from './model/records.ts';
import { hashToken } from './model/token-hash.ts';
import { createNotices } from './notices.ts';
import { makePrivate, writePrivately } from './private-files.ts';
import { createProgressBoard } from './progress-board.ts';
import { createCallQueue } from './runner/call-queue.ts';
import { startKeeper } from './runner/keeper.ts';
import { type Kept, startKept } from './runner/kept.ts';
import { startRunner } from './runner/runner.ts';
import { startPace } from './runner/start-pace.ts';
import { safeMessage } from './safe-message.ts';
import { noticingStore } from './store/noticing-store.ts';
import { openStore } from './store/open-store.ts';
import type { Store } from './store/store.ts';
import { wakingStore } from './store/waking-store.ts';

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
 * Puts the service together, opens its parts in order, and listens. They are closed in reverse:
 * what fails on the way closes what was opened before it.
 */
export async function startService(config: Config, clock: () => number = Date.now): Promise<Service> {
  const logger = openLogger(config.logLevel, logOutput(config.logFormat));
  let tellLost: (fault: Error) => void = () => undefined;
  const lost = new Promise<Error>((resolve) => {
    tellLost = resolve;
  });
  const opened: (() => Promise<void>)[] = [];
  /** A store on another machine, which may fall silent. */
  let farStore: Store | null = null;
  const close = async () => {
    const closed = new AbortController();
    const inOrder = async () => {
      while (opened.length > 0) await opened.pop()?.();
    };
    const ends = [inOrder()];
    if (farStore !== null) ends.push(untilSilent(farStore, closed.signal, logger));
    await Promise.race(ends).finally(() => closed.abort());
  };
  try {
    writePrivately();
    await makeDataFolder(config.data);
    await makeDataPrivate(config, logger);
    warnOfShortToken(config, logger);
    const { documents: given, data } = config;
    const documents = await openDocuments({ documents: given, data, s3PathStyle: hasS3Endpoint() }, config);
    opened.push(() => documents.close());
    const quietStore = await openStore({
      url: config.store,
      data: config.data,
      connections: config.storeConnections,
      memoryBytes: config.databaseMemory,
      threads: config.databaseThreads,
      now: clock(),
      // kept files belong to a store, which must know of them
      expected: (await documents.isEmpty()) ? 'EXISTING_OR_FRESH' : 'EXISTING',
      log: logger,
      clock,
      onLost: (fault) => {
        logger.fatal({ err: fault }, 'the store can no longer be used, the service has to be started again');
        tellLost(fault);
      },
    });
    opened.push(() => quietStore.close());
    if (config.store !== null) farStore = quietStore;
    const notices = createNotices();
    let wakeDeliverer: () => void = () => undefined;
    const progress = createProgressBoard(notices.notice);
    const store = wakingStore(noticingStore(quietStore, notices.notice), () => wakeDeliverer());
    const adminToken = await provideAdminToken(store, config.adminToken, clock());
    const worker = randomUUID();
    let kept: Kept | null = null;
    const admission = createAdmission(store, config);
    let wakeExecutions: () => void = () => undefined;
    const exportTurns = createFairTurns(1);
    const keeper = startKeeper({
      ...{ store, logger, clock, worker },
      start: () => {
        const pulling = { admit: admission.admit, wakeRunner: () => wakeExecutions() };
        kept = startKept({ store, documents, logger, clock, config, exportTurns, pulling });
        return kept;
      },
    });
    opened.push(() => keeper.close());
    wakeDeliverer = () => kept?.wakeDeliverer();
    await keeper.begun;
    const lookUpTimes = createLookUpTimes();
    const eventLoopLag = watchEventLoopLag();
    opened.push(async () => eventLoopLag.close());
    const pace = startPace({ goalMs: config.lookupGoalMs, p99: lookUpTimes.p99 }, logger);
    opened.push(async () => pace.close());
    const runner = startRunner(
      {
        store,
        documents,
        logger,
        clock,
        worker,
        progress,
        pace,
        limits: {
          bytes: config.chunkBytes,
          rows: config.chunkRows,
          errorFile: { lines: config.maxErrorFileLines, bytes: config.maxErrorFileBytes },
        },
        turnMs: config.turnMs,
        retryMs: config.retryMs,
        maxFaultWaitMs: config.maxFaultWaitMs,
      },
      { parallel: config.parallelExecutions, pollMs: pollMs(config) },
    );
    opened.push(() => runner.close());
    const { wake: wakeRunner, noticeCancel } = runner;
    const calls = createCallQueue({ store, clock, logger, limits: config });
    opened.push(() => calls.close());
    wakeExecutions = wakeRunner;
    const { maxEventStreams, maxEventStreamsPerToken } = config;
    const eventStreams = createEventStreams({
      ...{ store, notices, progress, clock, maxEventStreams, maxEventStreamsPerToken },
      pollMs: pollMs(config),
    });
    const app = await buildApp({
      ...{ store, documents, config, logger, clock, progress, pace },
      ...{ lookUpTimes, eventLoopLag, lookUpGate: createLookUpGate(store, config) },
      ...{
        wakeRunner,
        noticeCancel,
        wakeEraser: () => kept?.wakeEraser(),
        wakeExporter: () => kept?.wakeExporter(),
        wakeAnalyzer: () => kept?.wakeAnalyzer(),
        wakePuller: () => kept?.wakePuller(),
        admission,
        readIdentifier,
        applyCommands: calls.apply,
        exportTurns,
        eventStreams,
      },
    });
    opened.push(() => app.close());
    // those that have not begun are not waited for
    opened.push(async () => calls.stop());
    const url = await app.listen({ host: config.host, port: config.port });
    logServiceStart(logger, url);
    const reloadCertificate = () => renewCertificate(app.server, config, logger);
    return { url, adminToken, store, routes: app.routeTable, lost, reloadCertificate, close };
  } catch (error) {
    await close().catch((cause: unknown) =>
      logger.error({ err: cause }, 'the start was not undone in order'),
    );
    throw asConfigError(error, config.data);
  }
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
