import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { FAULT_POINTS, type Fault } from './fault-points.ts';
import {
  bytes,
  databaseUrl,
  folderOrBucket,
  folders,
  GIB,
  hosts,
  KIB,
  listOf,
  MIB,
  milliseconds,
  nameServers,
  oneOf,
  optionalText,
  proxies,
  SecretValueError,
  type Setting,
  secretKey,
  text,
  token,
  whole,
  yesOrNo,
} from './setting.ts';

const MINUTE_MS = 60_000;

/**
 * A quarter of the machine, but no more than 768 MiB, so that the whole process stays under 1.5 GB.
 */
function defaultDatabaseMemory(): number {
  return Math.max(256 * MIB, Math.min(768 * MIB, Math.floor(os.totalmem() / 4)));
}

/**
 * The configuration of a service: one schema, and the only reader of the environment. Precedence:
 * defaults < config file (JSON) < environment (`MUSTER_…`) < flags. A value that cannot be used
 * stops the start with the name it came under. Each setting has three names: `maxUploadBytes` is
 * `MUSTER_MAX_UPLOAD_BYTES`, `--max-upload-bytes`, and `maxUploadBytes` in a file.
 */
export const SETTINGS = {
  data: text('./muster-data', 'folder that holds the store and, by default, the uploaded files', 'DIR'),
  documents: folderOrBucket('where the uploaded files are kept, if not in the folder documents of --data'),
  store: databaseUrl(
    'PostgreSQL that holds the store and that several nodes may share; without it the store lies in the data folder',
  ),
  storeConnections: whole(12, [4, 1_000], 'connections of this node to PostgreSQL at the same time'),
  host: text('127.0.0.1', 'address to listen on', 'ADDRESS'),
  port: whole(8080, [0, 65_535], 'port to listen on; 0 takes a free one'),
  tlsCert: optionalText('certificate chain in PEM, for HTTPS; read again at SIGHUP', 'FILE'),
  tlsKey: optionalText('private key of the certificate in PEM', 'FILE'),
  adminToken: token(
    'value of the admin token, of 16 characters or more; without it a fresh store makes one and prints it once',
  ),
  maxUploadBytes: bytes(100 * MIB, [1, Number.MAX_SAFE_INTEGER], 'largest file that is taken, decompressed'),
  uploadIdleMs: whole(60_000, [1_000, 3_600_000], 'an upload that sends nothing for so long is cut off'),
  minBytesPerSecond: whole(
    1024,
    [0, 1_000_000_000],
    'an upload that comes more slowly over uploadIdleMs, and a download that is taken more slowly over downloadIdleMs, is cut off; 0: as slow as they like',
  ),
  downloadIdleMs: whole(
    600_000,
    [1_000, 86_400_000],
    'time over which it is looked at how fast a download is taken',
  ),
  requestMs: whole(30_000, [100, 3_600_000], 'a request whose headers, or JSON body, take longer is cut off'),
  maxConnections: whole(10_000, [1, 1_000_000], 'connections at the same time; more are closed at once'),
  maxLookups: whole(
    1_000,
    [1, 100_000],
    'look-ups of one user that are answered or wait at the same time, and ten times as many as of many users; more are answered 503',
  ),
  lookupWaitMs: whole(
    3_000,
    [10, 600_000],
    'a look-up of one user that has no answer after so long is answered 503; one of many users after five times as long',
  ),
  lookupGoalMs: milliseconds(
    20,
    600_000,
    'look-ups of one user whose p99 over the last 5 seconds is above it make imports pause between chunks; 0: imports never do',
  ),
  maxCommandCalls: whole(
    1_000,
    [1, 100_000],
    'calls of commands at once that wait or are applied at the same time, three quarters of them for one datamart; more are answered 503',
  ),
  commandWaitMs: whole(
    30_000,
    [10, 3_600_000],
    'a call of commands at once that could not be begun after so long is answered 503',
  ),
  maxEventStreams: whole(500, [0, 1_000_000], 'streams of events of executions at the same time'),
  maxEventStreamsPerToken: whole(
    100,
    [0, 1_000_000],
    'streams of events of one API token at the same time; more are answered 429',
  ),
  maxUploads: whole(256, [1, 100_000], 'uploads that are received at the same time; more are answered 503'),
  maxUploadsPerDatamart: whole(
    128,
    [1, 100_000],
    'uploads that are received at the same time for one datamart; more are answered 429',
  ),
  maxUploadsPerToken: whole(
    128,
    [1, 100_000],
    'uploads that are received at the same time of one API token; more are answered 429',
  ),
  maxPending: whole(50_000, [1, 10_000_000], 'executions that may wait; more are answered 503'),
  maxPendingPerDatamart: whole(
    10_000,
    [1, 10_000_000],
    'executions of one datamart that may wait; more are answered 429',
  ),
  minFreeBytes: bytes(
    GIB,
    [0, Number.MAX_SAFE_INTEGER],
    'bytes of the disk that uploads, exports, error files and backups leave free; 0: they may fill it',
  ),
  maxExports: whole(
    500,
    [1, 100_000],
    'exports, and overlap analyses, that may wait or run; more are answered 503',
  ),
  maxExportsPerDatamart: whole(
    50,
    [1, 100_000],
    'exports, and overlap analyses, of one datamart that may wait or run; more are answered 429',
  ),
  maxExportsPerToken: whole(
    20,
    [1, 100_000],
    'exports, and overlap analyses, of one API token that may wait or run; more are answered 429',
  ),
  maxExportBytes: bytes(
    5 * GIB,
    [1, Number.MAX_SAFE_INTEGER],
    'bytes of kept export files of one datamart, and of those that one API token asked for',
  ),
  maxAnalysisBytes: bytes(
    256 * MIB,
    [1, Number.MAX_SAFE_INTEGER],
    'bytes of kept overlap analyses of one datamart, and of those that one API token asked for',
  ),
  maxErrorFileLines: whole(
    1_000_000,
    [0, Number.MAX_SAFE_INTEGER],
    'failed lines that an error file has; more are counted and left out',
  ),
  maxErrorFileBytes: bytes(
    100 * MIB,
    [0, Number.MAX_SAFE_INTEGER],
    'bytes that an error file has; failed lines beyond that are counted and left out',
  ),
  retentionDays: whole(
    30,
    [0, 36_500],
    'days that input and error files are kept after an execution has ended; 0: for ever',
  ),
  auditRetentionDays: whole(365, [0, 36_500], 'days that the audit log remembers who did what; 0: for ever'),
  historyDays: whole(
    30,
    [0, 36_500],
    'days that changes of memberships are remembered, and can be reverted; 0: for ever',
  ),
  sweepIntervalMs: whole(
    MINUTE_MS,
    [100, 86_400_000],
    'time between two removals of expired memberships and files',
  ),
  parallelExecutions: whole(2, [1, 64], 'executions that run at the same time, in different datamarts'),
  turnMs: whole(
    5_000,
    [1, 86_400_000],
    'an execution that has run for so long lets others run that wait, and goes on after them',
  ),
  retryMs: whole(
    1_000,
    [1, 600_000],
    'wait before an execution that met a fault is tried again; then 5, 15 and 60 times as long',
  ),
  maxFaultWaitMs: whole(
    0,
    [0, 31_536_000_000],
    'how long an execution waits for what is not its fault, such as a database or a disk, before it is FAILED; 0: as long as it takes',
  ),
  chunkBytes: bytes(64 * MIB, [4 * KIB, GIB], 'bytes of a file that become visible in one step'),
  chunkRows: whole(500_000, [100, 10_000_000], '(command, segment) pairs that become visible in one step'),
  databaseMemory: {
    ...bytes(defaultDatabaseMemory(), [64 * MIB, 1024 * GIB], 'memory the database may use'),
    defaultText: 'a quarter of the memory, at least 256 and at most 768 MiB',
  },
  databaseThreads: {
    ...whole(Math.max(1, os.availableParallelism()), [1, 256], 'threads the database may use'),
    defaultText: 'one for each core',
  },
  webhookAllowPrivate: yesOrNo(
    'whether webhooks may lead to http, and to addresses that are not of the public internet',
  ),
  webhookTimeoutMs: whole(
    15_000,
    [100, 600_000],
    'an attempt to deliver to a webhook ends after so long, whatever the receiver does',
  ),
  webhookNameServers: nameServers(
    "name servers at which host names of webhooks and of sources are looked up; the machine's own by default",
  ),
  sourceFolders: folders(
    'folders that sources may take files from, with those in them; {datamart} in one stands for the id of a datamart; none by default',
  ),
  sourceHosts: hosts(
    'hosts, with or without a port, that sources may lead to although they are not of the public internet, and over http',
  ),
  sourceKey: secretKey(
    'key that credentials of sources are encrypted with, 32 bytes in base64 or hexadecimal digits; without it sources have none',
  ),
  sourceKeyBefore: secretKey('the key before, for credentials that are still encrypted with it'),
  sourceSettleMs: whole(
    5_000,
    [100, 3_600_000],
    'a file in a folder or on an SFTP server that has not changed for so long is whole',
  ),
  sourceRetryMs: whole(
    60_000,
    [1, 86_400_000],
    'wait before a run of a source that failed is tried again; then 5, 15 and 60 times as long, or until it is due',
  ),
  pauseSources: yesOrNo(
    'whether sources are left alone, such as by a copy of a service that a backup was restored to',
  ),
  corsOrigins: listOf('origins that a browser may call from; none by default, * for all', 'ORIGIN,…'),
  trustProxy: proxies('addresses of proxies whose X-Forwarded headers are believed'),
  logLevel: oneOf('info', ['silent', 'error', 'warn', 'info', 'debug'], 'what is logged'),
  logFormat: oneOf(
    'auto',
    ['auto', 'text', 'json'],
    'how: text for people, JSON; auto is text in a terminal',
  ),
} satisfies Record<string, Setting<unknown>>;

export type Config = {
  readonly [K in keyof typeof SETTINGS]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never;
};
export type SettingName = keyof Config;

/** `maxUploadBytes` → `MUSTER_MAX_UPLOAD_BYTES` */
export function environmentName(name: SettingName): string {
  return `MUSTER_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** `maxUploadBytes` → `max-upload-bytes` */
export function flagName(name: SettingName): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A value that cannot be used; the message begins with the name it was given under. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

function parseSetting<K extends SettingName>(name: K, given: unknown, source: string): Config[K] {
  try {
    return SETTINGS[name].parse(given) as Config[K];
  } catch (error) {
    const got = error instanceof SecretValueError ? 'another text' : JSON.stringify(given);
    throw new ConfigError(`${source}: ${(error as Error).message}, got ${got}`);
  }
}

function readConfigFile(file: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ConfigError(`config file ${file}: ${(error as Error).message}`, { cause: error });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new ConfigError(`config file ${file}: expected a JSON object`);
  }
  for (const key of Object.keys(content)) {
    if (!Object.hasOwn(SETTINGS, key))
      throw new ConfigError(`config file ${file}: there is no setting ${key}`);
  }
  return content as Record<string, unknown>;
}

/**
 * Reads the configuration. `flags` are by flag name (`max-upload-bytes`); `config`, the path of a
 * JSON file, may be among them or in MUSTER_CONFIG. An empty environment variable counts as not
 * set.
 *
 * @throws ConfigError
 */
export function readConfig(
  flags: Readonly<Record<string, string | undefined>>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const file = flags.config ?? (env.MUSTER_CONFIG || undefined);
  const fromFile = file === undefined ? {} : readConfigFile(file);
  const config: Record<string, unknown> = {};
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const variable = environmentName(name);
    const flag = flags[flagName(name)];
    if (flag !== undefined) config[name] = parseSetting(name, flag, `--${flagName(name)}`);
    else if (env[variable]) config[name] = parseSetting(name, env[variable], variable);
    else if (Object.hasOwn(fromFile, name))
      config[name] = parseSetting(name, fromFile[name], `${name} in ${file}`);
    else config[name] = SETTINGS[name].default;
  }
  if ((config.tlsCert === null) !== (config.tlsKey === null))
    throw new ConfigError('tlsCert and tlsKey: expected both or none, got one of them');
  config.data = path.resolve(config.data as string);
  return Object.freeze(config) as Config;
}

/**
 * Whether the AWS SDK is led to another server than Amazon's, where buckets seldom have host names
 * of their own. The SDK reads these variables by itself, and with them region and credentials.
 */
export function hasS3Endpoint(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return Boolean(env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL);
}

/**
 * Reads where a test wants the process to end: `MUSTER_FAULT_POINT=chunk-staged`, or
 * `chunk-staged:3` for the third time it comes there. No setting: it is of no use to anybody else,
 * and `--help` is read by everybody.
 *
 * @throws ConfigError
 */
export function readFaultPoint(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Fault | null {
  const given = env.MUSTER_FAULT_POINT;
  if (!given) return null;
  const [name, pass = '1', ...rest] = given.split(':');
  const point = FAULT_POINTS.find((known) => known === name);
  if (point === undefined || rest.length > 0 || !/^[1-9]\d{0,5}$/.test(pass)) {
    throw new ConfigError(
      `MUSTER_FAULT_POINT: expected the name of a fault point, or NAME:PASS, got ${JSON.stringify(given)}`,
    );
  }
  return { point, pass: Number(pass) };
}
