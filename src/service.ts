import { randomBytes, randomUUID } from 'node:crypto';
import { access, constants, mkdir, readdir, stat } from 'node:fs/promises';
import type { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import path from 'node:path';
import type { Logger } from 'pino';
import { type Config, ConfigError } from './config.ts';
import { openDocumentsFolder } from './documents/folder.ts';
import { StoreDamagedError, StoreInUseError, StoreLostError } from './errors.ts';
import { kindOfFault } from './faults.ts';
import { createAdmission } from './http/admission.ts';
import { buildApp } from './http/app.ts';
import { createEventStreams } from './http/event-streams.ts';
import type { RouteAccess } from './http/route-table.ts';
import { readCertificate } from './http/tls.ts';
import { openLogger } from './log.ts';
import type { Author } from './model/audit.ts';
import { hashToken } from './model/token-hash.ts';
import { createNotices } from './notices.ts';
import { startAnalyzer } from './runner/analyzer.ts';
import { startDeliverer } from './runner/deliverer.ts';
import { startEraser } from './runner/eraser.ts';
import { startExporter } from './runner/exporter.ts';
import { startRunner } from './runner/runner.ts';
import { startSweeper } from './runner/sweeper.ts';
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
  /** Resolves when the store can no longer be used: nothing can be served until the service is started again. */
  readonly lost: Promise<Error>;
  /** Reads certificate and key again; connections go on. One that cannot be used is logged, and the old one kept. */
  reloadCertificate(): void;
  /** Stops taking requests, brings running executions to a safe point, and lets go of everything. */
  close(): Promise<void>;
};

/** Name of the token that the configuration presets; at most one token has it. */
const PRESET_TOKEN = 'preset admin token';

/**
 * Puts the service together, opens its parts in order, and listens. They are closed in reverse: what fails on the way
 * closes what was opened before it.
 */
export async function startService(config: Config, clock: () => number = Date.now): Promise<Service> {
  const logger = openLogger(config.logLevel);
  let tellLost: (fault: Error) => void = () => undefined;
  const lost = new Promise<Error>((resolve) => {
    tellLost = resolve;
  });
  const opened: (() => Promise<void>)[] = [];
  const close = async () => {
    while (opened.length > 0) await opened.pop()?.();
  };
  try {
    await makeDataFolder(config.data);
    const quietStore = await openStore({
      dir: path.join(config.data, 'store'),
      memoryBytes: config.databaseMemory,
      threads: config.databaseThreads,
      now: clock(),
      expected: (await hasDocuments(config.data)) ? 'EXISTING' : 'EXISTING_OR_FRESH',
      onLost: (fault) => {
        logger.fatal({ err: fault }, 'the store can no longer be used, the service has to be started again');
        tellLost(fault);
      },
    });
    opened.push(() => quietStore.close());
    const notices = createNotices();
    let wakeDeliverer: () => void = () => undefined;
    const store = wakingStore(noticingStore(quietStore, notices.notice), () => wakeDeliverer());
    const documents = await openDocumentsFolder(path.join(config.data, 'documents'), config);
    const adminToken = await provideAdminToken(store, config.adminToken, clock());
    const sweeper = startSweeper({
      store,
      documents,
      logger,
      clock,
      intervalMs: config.sweepIntervalMs,
      retentionDays: config.retentionDays,
      auditRetentionDays: config.auditRetentionDays,
      historyDays: config.historyDays,
    });
    opened.push(() => sweeper.close());
    const eraser = startEraser({ store, documents, logger, clock, intervalMs: config.sweepIntervalMs });
    opened.push(() => eraser.close());
    const exporter = startExporter({ store, documents, logger, clock, intervalMs: config.sweepIntervalMs });
    opened.push(() => exporter.close());
    const analyzer = startAnalyzer({ store, logger, clock, intervalMs: config.sweepIntervalMs });
    opened.push(() => analyzer.close());
    const deliverer = startDeliverer({
      store,
      logger,
      clock,
      reach: config.webhookAllowPrivate ? 'ANY' : 'PUBLIC',
      intervalMs: config.sweepIntervalMs,
    });
    wakeDeliverer = deliverer.wake;
    opened.push(() => deliverer.close());
    const runner = startRunner(
      {
        store,
        documents,
        logger,
        clock,
        worker: randomUUID(),
        limits: { bytes: config.chunkBytes, rows: config.chunkRows },
        turnMs: config.turnMs,
        retryMs: config.retryMs,
      },
      config.parallelExecutions,
    );
    opened.push(() => runner.close());
    const { wake: wakeRunner, noticeCancel } = runner;
    const admission = createAdmission(store, config);
    const { maxEventStreams } = config;
    const eventStreams = createEventStreams({ store, notices, clock, maxEventStreams });
    const app = await buildApp({
      ...{ store, documents, config, logger, clock },
      ...{
        wakeRunner,
        noticeCancel,
        wakeEraser: eraser.wake,
        wakeExporter: exporter.wake,
        wakeAnalyzer: analyzer.wake,
        admission,
        eventStreams,
      },
    });
    opened.push(() => app.close());
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

/** What keeps a data folder from being used, as a message that names it. */
function asConfigError(error: unknown, folder: string): unknown {
  if (error instanceof StoreInUseError || error instanceof StoreDamagedError)
    return new ConfigError(`data: ${error.message}`, { cause: error });
  const cause = error instanceof StoreLostError ? error.cause : error;
  if (kindOfFault(cause) === null) return error;
  return new ConfigError(`data: the folder ${folder} cannot be used: ${safeMessage(cause)}`, { cause });
}

/** Whether there are kept files, which a store must know of. */
async function hasDocuments(folder: string): Promise<boolean> {
  const kept = await readdir(path.join(folder, 'documents', 'kept')).catch(() => []);
  return kept.length > 0;
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
 * Makes a folder and what lies above it. Not recursively where the folder above is there: Node's recursive mkdir never
 * returns for a folder that a file system such as /proc refuses with ENOENT.
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

/** Sees to it that somebody can get in: the preset token, or on a store without any a new one, which is returned. */
async function provideAdminToken(store: Store, preset: string | null, now: number): Promise<string | null> {
  const { elements } = await store.tokens.list({ firstResult: 0, maxResults: 1000 });
  if (preset !== null) {
    const known = await store.tokens.findByHash(hashToken(preset));
    for (const token of elements) {
      if (token.name === PRESET_TOKEN && token.id !== known?.id)
        await store.tokens.remove(token.id, serviceAt(now));
    }
    if (!known) await createAdminToken(store, { name: PRESET_TOKEN, value: preset, now });
    return null;
  }
  if (elements.length > 0) return null;
  const value = `muster_${randomBytes(32).toString('base64url')}`;
  await createAdminToken(store, { name: 'first admin token', value, now });
  return value;
}

async function createAdminToken(
  store: Store,
  { name, value, now }: { name: string; value: string; now: number },
): Promise<void> {
  const token = {
    name,
    role: 'admin',
    datamartIds: null,
    creationDate: now,
    expirationDate: null,
    valueHash: hashToken(value),
  } as const;
  await store.tokens.create(token, serviceAt(now));
}

/** The service itself, in the audit log. */
function serviceAt(now: number): Author {
  return { tokenId: null, tokenName: 'service', requestId: null, at: now };
}
