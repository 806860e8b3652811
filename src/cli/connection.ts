import { type Client, createClient } from './client.ts';
import { UsageError } from './failures.ts';
import { findProfile, type Profile, readProfiles } from './profiles.ts';

export const DEFAULT_URL = 'http://127.0.0.1:8080';
const DEFAULT_DATAMART = '1';

export const PROFILE_ARG = {
  profile: {
    type: 'string',
    valueHint: 'NAME',
    description: 'profile created by muster login; default: MUSTER_PROFILE, else the current profile',
  },
} as const;

/** The flags of every command that talks to a service. */
export const CONNECTION_ARGS = {
  url: {
    type: 'string',
    valueHint: 'URL',
    description: `address of the service; default: MUSTER_URL, else from the profile, else ${DEFAULT_URL}`,
  },
  token: {
    type: 'string',
    valueHint: 'TOKEN',
    description: 'API token; default: MUSTER_TOKEN, else from the profile',
  },
  ...PROFILE_ARG,
  json: { type: 'boolean', description: 'print only one JSON document on standard output' },
} as const;

/** `command()` fills it in, from the environment or the profile, where no flag is given. */
export const DATAMART_ARG = {
  datamart: {
    type: 'string',
    valueHint: 'ID',
    default: DEFAULT_DATAMART,
    description: 'datamart id; MUSTER_DATAMART or the profile can set another default',
  },
} as const;

/** The segment that a command is about; `findSegment` reads it. */
export const SEGMENT_ARG = {
  segment: { type: 'positional', required: true, description: 'technical name or id of the segment' },
} as const;

type Environment = Readonly<Record<string, string | undefined>>;
type Given = {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly profile?: string | undefined;
};

/**
 * Where settings come from, in this order: the flags, `--profile` among them, then the environment,
 * then the profile that MUSTER_PROFILE names or that was signed in to last. An empty variable
 * counts as not set.
 */
type Sources = { readonly env: Environment; readonly profile: (Profile & { name: string }) | null };

function sourcesOf(given: Given, env: Environment): Sources {
  const all = readProfiles();
  const name = given.profile ?? (env.MUSTER_PROFILE || all.current);
  const profile = name === null ? null : { ...findProfile(all, name), name };
  return { profile, env: given.profile === undefined ? env : {} };
}

/** A client of the service that flags, environment or profile name. */
export function openClient(given: Given, env: Environment = process.env): Client {
  const { profile, env: settings } = sourcesOf(given, env);
  const url = readUrl(
    given.url ?? (settings.MUSTER_URL || profile?.url || DEFAULT_URL),
    given.url === undefined ? 'MUSTER_URL' : '--url',
  );
  // a token is for the service that it was stored for, and told to no other
  const ofProfile = profile?.url === url ? profile.token : null;
  const token = given.token ?? (settings.MUSTER_TOKEN || ofProfile);
  return createClient({
    url,
    token,
    tokenHint: tokenHint(),
    flags: [
      ...(given.url === undefined ? [] : [`--url ${url}`]),
      ...(given.profile === undefined ? [] : [`--profile ${given.profile}`]),
    ],
    datamart: readDatamart(settings, profile),
  });

  function tokenHint(): string {
    if (given.token !== undefined) return 'the token came from --token';
    if (settings.MUSTER_TOKEN) return 'the token came from MUSTER_TOKEN';
    if (ofProfile !== null)
      return `the token came from profile ${profile?.name}: sign in again with muster login`;
    const other = profile === null ? '' : `; that of profile ${profile.name} is for ${profile.url}`;
    return `no token was given: sign in with muster login, use --token or set MUSTER_TOKEN${other}`;
  }
}

/** The datamart of a command line that names none. */
export function defaultDatamart(given: Given, env: Environment = process.env): string {
  const { profile, env: settings } = sourcesOf(given, env);
  return readDatamart(settings, profile);
}

function readDatamart(env: Environment, profile: Profile | null): string {
  return env.MUSTER_DATAMART || (profile?.datamart ?? DEFAULT_DATAMART);
}

/**
 * The address of a service, without a slash at its end. Without a scheme it is that of a service on
 * this machine, by http, or of another one, by https: a token goes over no network in clear unless
 * that is asked for.
 */
export function readUrl(text: string, source: string): string {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${schemeFor(text)}://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || /\s/.test(text)) {
    throw new UsageError(
      `${source}: expected an address such as ${DEFAULT_URL}, got ${JSON.stringify(text)}`,
    );
  }
  let base = url.origin + url.pathname;
  while (base.endsWith('/')) base = base.slice(0, -1);
  return base;
}

function schemeFor(host: string): 'http' | 'https' {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(\/|$)/i.test(host) ? 'http' : 'https';
}

/** The base path of a datamart, from what `--datamart` gave. */
export function datamartPath(id: string): string {
  return `/datamarts/${readDatamartId(id)}`;
}

/** The id of a datamart, from what `--datamart` gave. */
export function readDatamartId(id: string): string {
  if (/^\d+$/.test(id)) return id;
  const source = id === process.env.MUSTER_DATAMART ? 'MUSTER_DATAMART' : '--datamart';
  throw new UsageError(`${source}: expected the id of a datamart, got ${JSON.stringify(id)}`);
}
