import { type Static, Type } from 'typebox';
import { ServiceError } from '../../errors.ts';
import {
  AFTERS,
  type Credentials,
  FILE_ORDERS,
  type Schedule,
  SOURCE_KINDS,
  SOURCE_LIMITS,
  type SourceKind,
  type SourceLocation,
} from '../../model/source.ts';
import { wrongPattern } from '../../sources/file-names.ts';
import { wrongFolder } from '../../sources/local.ts';
import { wrongSchedule } from '../../sources/next-run.ts';
import { type Network, wrongHost, wrongUrl } from '../../sources/reach.ts';
import { nullableText, oneOf } from '../schemas.ts';
import { LOCATION, OptionsView, ScheduleView } from './view.ts';

/** What a source is asked to be. */
export const SourceBody = Type.Object({
  kind: oneOf(SOURCE_KINDS),
  ...LOCATION,
  // of no type: the validator would tell what came
  credentials: Type.Optional(
    Type.Unsafe<unknown>({
      description:
        'HTTPS: user and password, or token. S3: access_key_id, secret_access_key, session_token. SFTP: password, or private_key and passphrase. They are never shown. If absent, the stored ones stay, as long as the source points to the same place; null: none',
    }),
  ),
  pattern: Type.Optional(
    nullableText({
      maxLength: SOURCE_LIMITS.patternChars,
      description: 'glob that file names must match, such as *.csv.gz',
    }),
  ),
  order: Type.Optional(oneOf(FILE_ORDERS)),
  max_files: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: SOURCE_LIMITS.files,
      description: 'maximum per run; 100 by default',
    }),
  ),
  after: Type.Optional(
    Type.Unsafe<(typeof AFTERS)[number]>({
      ...oneOf(AFTERS),
      description:
        'what to do with a file once its execution is stored; HTTPS allows only leave, the default',
    }),
  ),
  after_folder: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      description: 'subfolder that move puts files into; taken by default',
    }),
  ),
  schedule: Type.Optional(
    Type.Unsafe<Static<typeof ScheduleView> | null>({
      ...ScheduleView,
      type: ['object', 'null'],
      description: 'null, the default: runs only on request',
    }),
  ),
  enabled: Type.Optional(Type.Boolean({ description: 'false: the schedule is paused' })),
  options: Type.Optional(OptionsView),
});
export type SourceInput = Static<typeof SourceBody>;

type Bounds = { readonly network: Network; readonly folders: readonly string[]; readonly datamartId: string };

function refuse(message: string): never {
  throw new ServiceError('INVALID_REQUEST', message);
}

/** Where the files are. Throws INVALID_REQUEST for what this service does not go to. */
export function readLocation(input: SourceInput, bounds: Bounds): SourceLocation {
  requireOwnMembers(input);
  switch (input.kind) {
    case 'LOCAL': {
      const folder = text(input, 'folder').replace(/(?<=.)\/$/, '');
      return { kind: 'LOCAL', folder: checked(folder, wrongFolder(folder, bounds)) };
    }
    case 'HTTPS': {
      const url = text(input, 'url');
      const wrong = wrongUrl(url, bounds.network);
      const ca = optional(input, 'ca', SOURCE_LIMITS.pemChars);
      if (ca !== null && !/^-----BEGIN CERTIFICATE-----/m.test(ca)) refuse('ca must be certificates in PEM');
      return { kind: 'HTTPS', url: checked(url, wrong && `url: ${wrong}`), ca };
    }
    case 'S3':
      return readS3(input, bounds);
    case 'SFTP':
      return readSftp(input, bounds);
  }
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const REGION = /^[a-z0-9][a-z0-9-]{0,39}$/;

function readS3(input: SourceInput, { network }: Bounds): SourceLocation {
  const bucket = text(input, 'bucket');
  if (!BUCKET.test(bucket)) refuse(`bucket must be the name of a bucket, got ${show(bucket)}`);
  const region = input.region ?? 'us-east-1';
  if (!REGION.test(region)) refuse(`region must be one such as eu-west-1, got ${show(region)}`);
  const prefix = (input.prefix ?? '').replace(/^\/+/, '');
  const endpoint = optional(input, 'endpoint');
  if (endpoint !== null) {
    const wrong = wrongUrl(endpoint, network);
    checked(endpoint, wrong && `endpoint: ${wrong}`);
    const { pathname, search } = new URL(endpoint);
    if (pathname !== '/' || search !== '') refuse('endpoint must be a URL without a path');
  }
  const marker = optional(input, 'marker');
  if (marker?.includes('/')) refuse('marker must be a name without a slash');
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  return { kind: 'S3', bucket, prefix: folder, region, endpoint, marker };
}

function readSftp(input: SourceInput, { network }: Bounds): SourceLocation {
  const host = text(input, 'host');
  const port = input.port ?? 22;
  const wrong = wrongHost(host, port, network);
  checked(host, wrong && `host: ${wrong}`);
  const hostKey = optional(input, 'host_key');
  if (hostKey !== null && !/^SHA256:[A-Za-z0-9+/]{43}$/.test(hostKey))
    refuse('host_key must be SHA256: and 43 characters, as ssh-keygen -l shows it');
  const folder = input.folder ?? '.';
  if (/\p{Cc}/u.test(folder) || folder.length > SOURCE_LIMITS.textChars) refuse('folder must be a path');
  return { kind: 'SFTP', host, port, user: text(input, 'user'), folder, hostKey };
}

const MEMBERS: Readonly<Record<SourceKind, readonly (keyof typeof LOCATION)[]>> = {
  LOCAL: ['folder'],
  HTTPS: ['url', 'ca'],
  S3: ['bucket', 'prefix', 'region', 'endpoint', 'marker'],
  SFTP: ['host', 'port', 'user', 'folder', 'host_key'],
};

/** What a kind has no use for is a mistake, and not to be passed over. */
function requireOwnMembers(input: SourceInput): void {
  for (const name of Object.keys(LOCATION) as (keyof typeof LOCATION)[]) {
    const isGiven = input[name] !== undefined && input[name] !== null;
    if (isGiven && !MEMBERS[input.kind].includes(name))
      refuse(
        `${name} is not for a source of kind ${input.kind}, which has ${MEMBERS[input.kind].join(', ')}`,
      );
  }
}

type TextMember = 'folder' | 'url' | 'bucket' | 'host' | 'user';

function text(input: SourceInput, name: TextMember): string {
  const given = input[name];
  if (given === undefined || given === '') refuse(`a source of kind ${input.kind} must have ${name}`);
  if (given.length > SOURCE_LIMITS.textChars || /\p{Cc}/u.test(given))
    refuse(`${name} must have at most ${SOURCE_LIMITS.textChars} characters, and no control characters`);
  return given;
}

function optional(
  input: SourceInput,
  name: 'ca' | 'endpoint' | 'marker' | 'host_key',
  mostChars: number = SOURCE_LIMITS.textChars,
): string | null {
  const given = input[name] ?? null;
  if (given !== null && given.length > mostChars) refuse(`${name} must have at most ${mostChars} characters`);
  return given === '' ? null : given;
}

function checked(given: string, wrong: string | null): string {
  if (wrong !== null && wrong !== '') refuse(wrong);
  return given;
}

function show(given: string): string {
  return JSON.stringify(given.slice(0, 100));
}

export function readPattern(input: SourceInput): string | null {
  const pattern = input.pattern ?? null;
  if (pattern === null || pattern === '') return null;
  return checked(pattern, wrongPattern(pattern));
}

export function readAfter(input: SourceInput): { after: (typeof AFTERS)[number]; afterFolder: string } {
  const { kind, after = 'leave', after_folder: afterFolder = 'taken' } = input;
  if (kind === 'HTTPS' && after !== 'leave') refuse('after must be leave for a source of kind HTTPS');
  if (!/^[\w][\w .-]*$/.test(afterFolder))
    refuse('after_folder must be the name of a folder, without a slash');
  return { after, afterFolder };
}

export function readSchedule(input: SourceInput['schedule']): Schedule | null {
  if (input === undefined || input === null) return null;
  const { cron, time_zone: timeZone = 'UTC', interval } = input;
  if ((cron === undefined) === (interval === undefined))
    refuse('schedule must have cron or interval, and not both');
  if (interval !== undefined) {
    return { intervalMs: interval };
  }
  const schedule = { cron: cron ?? '', timeZone };
  checked('', schedule.cron.length > 200 ? 'cron must have five fields' : wrongSchedule(schedule));
  return schedule;
}

const CREDENTIALS_OF: Readonly<Record<SourceKind, readonly (keyof Credentials)[]>> = {
  LOCAL: [],
  HTTPS: ['user', 'password', 'token'],
  S3: ['access_key_id', 'secret_access_key', 'session_token'],
  SFTP: ['password', 'private_key', 'passphrase'],
};

/**
 * The credentials that were given; `'KEEP'` where they were left out. What was given is not told,
 * whatever it is.
 */
export function readCredentials({ kind, credentials }: SourceInput): Credentials | null | 'KEEP' {
  if (credentials === undefined) return 'KEEP';
  if (credentials === null) return null;
  const names = CREDENTIALS_OF[kind];
  if (names.length === 0) refuse(`a source of kind ${kind} has no credentials`);
  const expected = `credentials must be an object of texts: of ${kind} ${names.join(', ')} (what came is not shown here)`;
  if (typeof credentials !== 'object' || Array.isArray(credentials)) refuse(expected);
  const given = Object.entries(credentials as Record<string, unknown>).filter(([, value]) => value !== null);
  for (const [name, value] of given) {
    const isKnown = (names as readonly string[]).includes(name);
    if (!isKnown || typeof value !== 'string' || value.length > SOURCE_LIMITS.pemChars) refuse(expected);
    if (kind !== 'SFTP' && /\p{Cc}/u.test(value)) refuse(expected);
  }
  const read = Object.fromEntries(given) as Credentials;
  if (given.length === 0) return null;
  if (kind === 'S3' && (read.access_key_id === undefined) !== (read.secret_access_key === undefined))
    refuse('credentials of S3 must have both access_key_id and secret_access_key');
  return read;
}

/**
 * Whether a source leads where another does: credentials of the one are for the other then. Whoever
 * may change a source need not know its credentials, and is not to have them sent elsewhere.
 */
export function leadsToSamePlace(a: SourceLocation, b: SourceLocation): boolean {
  if (a.kind === 'HTTPS' && b.kind === 'HTTPS')
    return new URL(a.url).origin === new URL(b.url).origin && a.ca === b.ca;
  if (a.kind === 'S3' && b.kind === 'S3') return a.endpoint === b.endpoint && a.region === b.region;
  if (a.kind === 'SFTP' && b.kind === 'SFTP')
    return a.host === b.host && a.port === b.port && a.user === b.user && a.hostKey === b.hostKey;
  return a.kind === 'LOCAL' && b.kind === 'LOCAL';
}
