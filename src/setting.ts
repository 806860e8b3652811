import { isIPv6 } from 'node:net';
import path from 'node:path';
import { parseS3Url } from './documents/place.ts';
import { isProxy } from './http/client-address.ts';
import { readKey } from './sources/credentials.ts';
import { isNameServer } from './webhooks/name-sources.ts';

/** One setting: what it is by default, and how it is read. */
export type Setting<T> = {
  readonly default: T;
  /**
   * From text (environment, flags) or a JSON value (file); throws a plain Error that says what was
   * expected.
   */
  readonly parse: (given: unknown) => T;
  /** The default in words, where it depends on the machine. */
  readonly defaultText?: string;
  /** What the value looks like, for help texts. */
  readonly hint: string;
  readonly description: string;
};

export const KIB = 1024;
export const MIB = KIB * KIB;
export const GIB = KIB * MIB;

export function text(fallback: string, description: string, hint = 'TEXT'): Setting<string> {
  const parse = (given: unknown) => {
    if (typeof given !== 'string' || given === '') throw new Error('expected a text');
    return given;
  };
  return { default: fallback, parse, hint, description };
}

export function optionalText(description: string, hint = 'TEXT'): Setting<string | null> {
  return { ...text('', description, hint), default: null };
}

const MIN_TOKEN = 16;

/** A token: what the header Authorization can carry, and nobody guesses in passing. */
export function token(description: string): Setting<string | null> {
  const parse = (given: unknown) => {
    if (typeof given === 'string' && given.length >= MIN_TOKEN && /^[\x21-\x7e]+$/.test(given)) return given;
    throw new SecretValueError(
      `expected ${MIN_TOKEN} characters or more, better 32 random ones, of visible ASCII without blanks`,
    );
  };
  return { default: null, parse, hint: 'TOKEN', description };
}

/** A key of 32 bytes. */
export function secretKey(description: string): Setting<string | null> {
  const parse = (given: unknown) => {
    if (typeof given === 'string' && readKey(given) !== null) return given;
    throw new SecretValueError(
      'expected 32 bytes in base64 or hexadecimal digits, such as of "openssl rand -base64 32"',
    );
  };
  return { default: null, parse, hint: 'KEY', description };
}

export function databaseUrl(description: string): Setting<string | null> {
  const parse = (given: unknown) => {
    const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : null;
    if (url === null || !/^postgres(ql)?:$/.test(url.protocol))
      throw new SecretValueError('expected a URL such as postgres://USER@HOST:5432/DATABASE');
    return url.href;
  };
  return { default: null, parse, hint: 'URL', description };
}

/** A folder, or a place in a bucket. */
export function folderOrBucket(description: string): Setting<string | null> {
  const parse = (given: unknown) => {
    if (typeof given !== 'string' || given === '') throw new Error('expected a folder or s3://bucket/prefix');
    return parseS3Url(given) === null ? path.resolve(given) : given;
  };
  return { default: null, parse, hint: 'DIR|s3://BUCKET/PREFIX', description };
}

export function whole(
  fallback: number,
  range: readonly [number, number],
  description: string,
): Setting<number> {
  const [least, most] = range;
  const parse = (given: unknown) => {
    const number = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < least || number > most) {
      throw new Error(`expected a whole number from ${least} to ${most}`);
    }
    return number;
  };
  return { default: fallback, parse, hint: 'N', description };
}

export function milliseconds(fallback: number, most: number, description: string): Setting<number> {
  const parse = (given: unknown) => {
    const number = typeof given === 'string' && /^\d+(\.\d+)?$/.test(given) ? Number(given) : given;
    if (typeof number !== 'number' || !(number >= 0 && number <= most))
      throw new Error(`expected a number from 0 to ${most}`);
    return number;
  };
  return { default: fallback, parse, hint: 'MS', description };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: KIB, m: MIB, g: GIB };

export function bytes(
  fallback: number,
  range: readonly [number, number],
  description: string,
): Setting<number> {
  const number = whole(fallback, range, description);
  const parse = (given: unknown) => {
    const match = typeof given === 'string' ? /^(\d+)\s*([kmg]?)(?:i?b)?$/i.exec(given.trim()) : null;
    if (typeof given === 'string' && match === null)
      throw new Error('expected bytes, such as 1048576 or 100MiB');
    return number.parse(match ? Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] ?? 1) : given);
  };
  return { ...number, parse, hint: 'BYTES' };
}

export function yesOrNo(description: string): Setting<boolean> {
  const parse = (given: unknown) => {
    if (given === true || given === 'true') return true;
    if (given === false || given === 'false') return false;
    throw new Error('expected true or false');
  };
  return { default: false, parse, hint: 'true|false', description };
}

export function oneOf<T extends string>(fallback: T, values: readonly T[], description: string): Setting<T> {
  const parse = (given: unknown) => {
    const value = values.find((candidate) => candidate === given);
    if (value === undefined) throw new Error(`expected one of ${values.join(', ')}`);
    return value;
  };
  return { default: fallback, parse, hint: values.join('|'), description };
}

/** Proxies, by address, network or name: `10.0.0.1`, `10.0.0.0/8`, `loopback`. */
export function proxies(description: string): Setting<readonly string[]> {
  const expected = 'addresses, networks such as 10.0.0.0/8, loopback, linklocal or uniquelocal';
  return addresses({ description, expected, isRight: isProxy });
}

/** Name servers, by address, with or without a port: `10.0.0.53`, `[fd00::53]:5353`. */
export function nameServers(description: string): Setting<readonly string[]> {
  return addresses({
    description,
    expected: 'addresses such as 10.0.0.53 or [fd00::53]:5353',
    isRight: isNameServer,
  });
}

/**
 * Hosts as they stand in URLs, with or without a port: `minio.internal`, `10.0.0.9:9000`,
 * `[fd00::9]:22`.
 */
export function hosts(description: string): Setting<readonly string[]> {
  const list = listOf(description, 'HOST,…');
  const parse = (given: unknown) => list.parse(given).map(readHost);
  return { ...list, parse };
}

function readHost(item: string): string {
  const host = isIPv6(item) ? `[${item}]` : item;
  const url = URL.canParse(`https://${host}`) ? new URL(`https://${host}`) : null;
  const isHost = url !== null && url.pathname === '/' && !/[/?#@]/.test(host);
  if (!isHost)
    throw new Error(
      `expected hosts such as minio.internal:9000, separated by commas, got ${JSON.stringify(item)}`,
    );
  const name = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = /:(\d+)$/.exec(host.replace(/^\[.*\]/, ''))?.[1];
  if (port === undefined) return name;
  return `${isIPv6(name) ? `[${name}]` : name}:${Number(port)}`;
}

/** Absolute folders. */
export function folders(description: string): Setting<readonly string[]> {
  const list = listOf(description, 'DIR,…');
  const parse = (given: unknown) =>
    list.parse(given).map((folder) => {
      if (path.isAbsolute(folder) && path.normalize(folder) !== '/')
        return path.normalize(folder).replace(/\/$/, '');
      throw new Error(`expected absolute folders, separated by commas, got ${JSON.stringify(folder)}`);
    });
  return { ...list, parse };
}

function addresses({
  description,
  expected,
  isRight,
}: {
  readonly description: string;
  readonly expected: string;
  readonly isRight: (item: string) => boolean;
}): Setting<readonly string[]> {
  const list = listOf(description, 'ADDRESS,…');
  const parse = (given: unknown) => {
    const items = list.parse(given);
    const wrong = items.find((item) => !isRight(item));
    if (wrong === undefined) return items;
    throw new Error(`expected ${expected}, separated by commas, got ${JSON.stringify(wrong)}`);
  };
  return { ...list, parse };
}

export function listOf(description: string, hint: string): Setting<readonly string[]> {
  const parse = (given: unknown) => {
    const items = typeof given === 'string' ? given.split(',').map((item) => item.trim()) : given;
    if (!Array.isArray(items) || items.some((item) => typeof item !== 'string' || item === '')) {
      throw new Error('expected a list of texts, separated by commas');
    }
    return items as string[];
  };
  return { default: [], parse, hint, description };
}

/** What was expected, of a value that may hold a password and is not shown. */
export class SecretValueError extends Error {}
