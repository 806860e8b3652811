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
  data: text('./muster-data', 'folder of the store and, by default, of the uploaded files', 'DIR'),
  documents: folderOrBucket('where uploaded files are stored, if not in the subfolder documents of --data'),
  store: databaseUrl(
    'PostgreSQL that holds the store, which several nodes may share; without it, the store is in the data folder',
  ),
  storeConnections: whole(12, [4, 1_000], 'maximum connections of this node to PostgreSQL'),
  host: text('127.0.0.1', 'address to listen on', 'ADDRESS'),
  port: whole(8080, [0, 65_535], 'port to listen on; 0 picks a free one'),
  tlsCert: optionalText('certificate chain in PEM, for HTTPS; reloaded at SIGHUP', 'FILE'),
  tlsKey: optionalText('private key of the certificate in PEM', 'FILE'),
  adminToken: token(
    'value of the admin token, at least 16 characters; without it, a new store generates one and prints it once',
  ),
  maxUploadBytes: bytes(100 * MIB, [1, Number.MAX_SAFE_INTEGER], 'maximum size of a file, decompressed'),
  uploadIdleMs: whole(60_000, [1_000, 3_600_000], 'time after which an upload that sends nothing is cut off'),
  minBytesPerSecond: whole(
    1024,
    [0, 1_000_000_000],
    'minimum rate of an upload over uploadIdleMs and of a download over downloadIdleMs; slower ones are cut off; 0: no minimum',
  ),
  downloadIdleMs: whole(600_000, [1_000, 86_400_000], 'time over which the rate of a download is measured'),
  requestMs: whole(
    30_000,
    [100, 3_600_000],
    'maximum time to receive the headers or the JSON body of a request',
  ),
  maxConnections: whole(10_000, [1, 1_000_000], 'maximum open connections; more are closed at once'),
  maxLookups: whole(
    1_000,
    [1, 100_000],
    'maximum single-user look-ups that run or wait, and a tenth of that for look-ups of many users and for histories; more are answered 503',
  ),
  lookupWaitMs: whole(
    3_000,
    [10, 600_000],
    'time after which an unanswered single-user look-up is answered 503; five times that for the others',
  ),
  lookupGoalMs: milliseconds(
    20,
    600_000,
    'imports pause between chunks while the p99 of single-user look-ups over the last 5 seconds is above this; 0: never',
  ),
  maxCommandCalls: whole(
    1_000,
    [1, 100_000],
    'maximum calls of commands at once that wait or run, three quarters of them for one datamart; more are answered 503',
  ),
  commandWaitMs: whole(
    30_000,
    [10, 3_600_000],
    'time after which a waiting call of commands at once is answered 503',
  ),
  maxEventStreams: whole(500, [0, 1_000_000], 'maximum open event streams of executions'),
  maxEventStreamsPerToken: whole(
    100,
    [0, 1_000_000],
    'maximum open event streams per API token; more are answered 429',
  ),
  maxUploads: whole(256, [1, 100_000], 'maximum uploads at the same time; more are answered 503'),
  maxUploadsPerDatamart: whole(
    128,
    [1, 100_000],
    'maximum uploads at the same time per datamart; more are answered 429',
  ),
  maxUploadsPerToken: whole(
    128,
    [1, 100_000],
    'maximum uploads at the same time per API token; more are answered 429',
  ),
  maxPending: whole(50_000, [1, 10_000_000], 'maximum waiting executions; more are answered 503'),
  maxPendingPerDatamart: whole(
    10_000,
    [1, 10_000_000],
    'maximum waiting executions per datamart; more are answered 429',
  ),
  minFreeBytes: bytes(
    GIB,
    [0, Number.MAX_SAFE_INTEGER],
    'disk space that uploads, exports, error files and backups leave free; 0: they may fill the disk',
  ),
  maxExports: whole(
    500,
    [1, 100_000],
    'maximum exports that wait or run, and the same number of overlap analyses; more are answered 503',
  ),
  maxExportsPerDatamart: whole(50, [1, 100_000], 'the same maximum per datamart; more are answered 429'),
  maxExportsPerToken: whole(20, [1, 100_000], 'the same maximum per API token; more are answered 429'),
  maxExportBytes: bytes(
    5 * GIB,
    [1, Number.MAX_SAFE_INTEGER],
    'maximum size of all stored export files per datamart, and per API token that requested them',
  ),
  maxAnalysisBytes: bytes(
    256 * MIB,
    [1, Number.MAX_SAFE_INTEGER],
    'maximum size of all stored overlap analyses per datamart, and per API token that requested them',
  ),
  maxErrorFileLines: whole(
    1_000_000,
    [0, Number.MAX_SAFE_INTEGER],
    'maximum failed lines in an error file; more are counted but left out',
  ),
  maxErrorFileBytes: bytes(
    100 * MIB,
    [0, Number.MAX_SAFE_INTEGER],
    'maximum size of an error file; failed lines beyond it are counted but left out',
  ),
  retentionDays: whole(
    30,
    [0, 36_500],
    'days that input and error files are kept after the end of an execution; 0: forever',
  ),
  auditRetentionDays: whole(365, [0, 36_500], 'days that audit events are kept; 0: forever'),
  historyDays: whole(
    30,
    [0, 36_500],
    'days that membership changes are kept and can be reverted; 0: forever',
  ),
  sweepIntervalMs: whole(
    MINUTE_MS,
    [100, 86_400_000],
    'interval at which expired memberships and files are removed',
  ),
  parallelExecutions: whole(
    2,
    [1, 64],
    'maximum executions that run at the same time, in different datamarts',
  ),
  turnMs: whole(
    5_000,
    [1, 86_400_000],
    'time after which a running execution lets waiting ones run, and continues after them',
  ),
  retryMs: whole(
    1_000,
    [1, 600_000],
    'wait before an execution is retried after a fault; then 5, 15 and 60 times as long',
  ),
  maxFaultWaitMs: whole(
    0,
    [0, 31_536_000_000],
    'how long an execution waits for an external cause, such as a database or a disk, before it is FAILED; 0: without limit',
  ),
  chunkBytes: bytes(
    64 * MIB,
    [4 * KIB, GIB],
    'maximum bytes of a file in one chunk, which becomes visible in one step',
  ),
  chunkRows: whole(500_000, [100, 10_000_000], 'maximum (command, segment) pairs in one chunk'),
  databaseMemory: {
    ...bytes(defaultDatabaseMemory(), [64 * MIB, 1024 * GIB], 'memory that the database may use'),
    defaultText: 'a quarter of the memory, at least 256 and at most 768 MiB',
  },
  databaseThreads: {
    ...whole(Math.max(1, os.availableParallelism()), [1, 256], 'threads that the database may use'),
    defaultText: 'one per core',
  },
  webhookAllowPrivate: yesOrNo('whether webhooks may use http, and addresses outside the public internet'),
  webhookTimeoutMs: whole(15_000, [100, 600_000], 'maximum time of a delivery attempt to a webhook'),
  webhookNameServers: nameServers(
    "name servers that resolve the host names of webhooks and sources; by default the machine's own",
  ),
  sourceFolders: folders(
    'folders that sources may read, including their subfolders; {datamart} stands for the id of a datamart',
  ),
  sourceHosts: hosts(
    'hosts, with or without a port, outside the public internet that sources may use, also over http',
  ),
  sourceKey: secretKey(
    'key that encrypts the credentials of sources, 32 bytes in base64 or hexadecimal; without it, sources cannot have credentials',
  ),
  sourceKeyBefore: secretKey('previous key, for credentials that are still encrypted with it'),
  sourceSettleMs: whole(
    5_000,
    [100, 3_600_000],
    'time after which an unchanged file in a folder or on an SFTP server counts as complete',
  ),
  sourceRetryMs: whole(
    60_000,
    [1, 86_400_000],
    'wait before a failed run of a source is retried; then 5, 15 and 60 times as long, or until the next run is due',
  ),
  pauseSources: yesOrNo(
    'whether sources are paused, such as on a service restored from a backup for testing',
  ),
  corsOrigins: listOf('origins whose pages may call the API from a browser; * for all', 'ORIGIN,…'),
  trustProxy: proxies('addresses of proxies whose X-Forwarded headers are trusted'),
  logLevel: oneOf('info', ['silent', 'error', 'warn', 'info', 'debug'], 'least severe level that is logged'),
  logFormat: oneOf(
    'auto',
    ['auto', 'text', 'json'],
    'log format: text for people, or JSON; auto is text in a terminal',
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
    if (!Object.hasOwn(SETTINGS, key)) throw new ConfigError(`config file ${file}: unknown setting ${key}`);
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
