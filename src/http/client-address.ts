import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { TLSSocket } from 'node:tls';

/** From whom a request comes, as far as it is known. */
export type Origin = {
  /**
   * The last address that somebody who is trusted told of, which is itself not that of a trusted
   * proxy.
   */
  readonly client: string;
  /**
   * The trusted proxies that passed it on, as they told of each other; without the one that is
   * connected.
   */
  readonly told: readonly string[];
  /** The proxy that is connected; null where the client is. */
  readonly proxy: string | null;
};

/** The names that stand for ranges in a list of proxies. */
const RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};
const MAX_PROXIES = 100;
/** An address with its port has at most so many characters; longer ones are none. */
const MAX_ADDRESS = 64;

/**
 * Whether a text is an address, a network such as `10.0.0.0/8`, or the name of one, that proxies
 * can be trusted by.
 */
export function isProxy(text: string): boolean {
  if (Object.hasOwn(RANGES, text)) return true;
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/**
 * Reads where requests come from. `X-Forwarded-For` is gone through from its end, as each proxy
 * adds to it whom it was asked by: what stands before the first that is not trusted is what that
 * one says, and means nothing. What is no address ends it too.
 */
export function originReader(trustProxy: readonly string[]): (request: IncomingMessage) => Origin {
  const isTrusted = trustReader(trustProxy);
  return ({ socket, headers }) => {
    const peer = readAddress(socket.remoteAddress ?? '') ?? '';
    if (peer === '' || !isTrusted(peer)) return { client: peer, told: [], proxy: null };
    const told: string[] = [];
    for (const text of backwards(String(headers['x-forwarded-for'] ?? ''))) {
      const address = readAddress(text);
      if (address === null) break;
      told.push(address);
      if (!isTrusted(address)) break;
    }
    const client = told.pop();
    return client === undefined ? { client: peer, told, proxy: null } : { client, told, proxy: peer };
  };
}

/**
 * Reads by which protocol the clients of requests speak: what a trusted proxy says in
 * `X-Forwarded-Proto`, else that of the connection. Not by Fastify, which asks no proxy about a
 * request whose URL cannot be read.
 */
export function protocolReader(
  trustProxy: readonly string[],
): (request: IncomingMessage) => 'http' | 'https' {
  const isTrusted = trustReader(trustProxy);
  return ({ socket, headers }) => {
    const told = String(headers['x-forwarded-proto'] ?? '');
    const peer = told === '' ? null : readAddress(socket.remoteAddress ?? '');
    // the proxy that is connected speaks last
    const [protocol = ''] = peer !== null && isTrusted(peer) ? told.split(',').slice(-1) : [];
    if (protocol !== '') return protocol.trim().toLowerCase() === 'https' ? 'https' : 'http';
    return socket instanceof TLSSocket ? 'https' : 'http';
  };
}

/**
 * Checking an address makes native objects: 2 and 15 % of the busy time under look-ups in two
 * profiles. Not where nobody is trusted.
 */
function trustReader(trustProxy: readonly string[]): (address: string) => boolean {
  if (trustProxy.length === 0) return () => false;
  const trusted = new BlockList();
  for (const network of trustProxy.flatMap((each) => RANGES[each] ?? each)) {
    const [address = '', bits] = network.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    if (bits === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(bits), family);
  }
  return (address) => trusted.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

/**
 * The elements of a list with commas, from its end; no more of them than proxies can stand in a
 * row.
 */
function* backwards(list: string): Generator<string> {
  let end = list.length;
  for (let passed = 0; end >= 0 && passed < MAX_PROXIES; passed++) {
    const comma = end === 0 ? -1 : list.lastIndexOf(',', end - 1);
    const element = list.slice(comma + 1, end).trim();
    if (element !== '') yield element;
    end = comma;
  }
}

/**
 * An address as it is compared: without port and brackets, which some proxies write with it, and an
 * IPv4 address as such also where it is written as IPv6. Null: it is none.
 */
function readAddress(text: string): string | null {
  if (text === '' || text.length > MAX_ADDRESS) return null;
  const [plain = ''] = text.startsWith('[') ? text.slice(1).split(']') : text.split('%');
  if (isIP(plain) === 6) return ipv4In(plain) ?? plain;
  if (isIP(plain) === 4) return plain;
  const [host = '', port, ...rest] = plain.split(':');
  return isIP(host) === 4 && port !== undefined && rest.length === 0 ? host : null;
}

/**
 * What of an address is one client: all of an IPv4 address, of an IPv6 address the first half; it
 * can choose the other one.
 */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  return ipv4In(address) ?? groupsOf(address).slice(0, 4).join(':');
}

/** The IPv4 address that an IPv6 address stands for (`::ffff:a.b.c.d`), or null. */
function ipv4In(address: string): string | null {
  const groups = groupsOf(address).map((group) => Number.parseInt(group, 16));
  const [high = 0, low = 0] = groups.slice(6);
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  return isMapped ? [high >> 8, high & 255, low >> 8, low & 255].join('.') : null;
}

/** The eight groups of an IPv6 address, in hexadecimal digits without leading zeros. */
function groupsOf(address: string): readonly string[] {
  // the parser of URLs writes every address in the one way, also one that ends as IPv4 does
  const [plain = ''] = address.split('%');
  const [head = '', tail] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::');
  const groups = (half: string) => half.split(':').filter((group) => group !== '');
  const [before, after] = [groups(head), groups(tail ?? '')];
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after];
}

/** How many attempts may fail at once, and how soon one more may. */
type Allowance = { readonly burst: number; readonly intervalMs: number };

const OF_CLIENT: Allowance = { burst: 10, intervalMs: 6_000 };
/**
 * An address that a proxy told of and that is trusted itself. It may be a proxy with many clients;
 * or the client, which has only a trusted address, and whose `X-Forwarded-For` names another one in
 * each request.
 */
const OF_TOLD: Allowance = { burst: 30, intervalMs: 2_000 };
/** The proxy that is connected: whatever it passes on, all that comes by it is bounded. */
const OF_PROXY: Allowance = { burst: 1_000, intervalMs: 100 };
/** The longest an address is kept waiting: attempts during it do not make it longer than this. */
const LONGEST_WAIT_MS = 60_000;
/**
 * Addresses of a kind that are remembered; beyond that those that failed longest ago are forgotten.
 */
const MOST_ADDRESSES = 10_000;

/**
 * Where wrong tokens have come from lately. In memory, and no more of it than MOST_ADDRESSES of
 * each kind.
 */
export interface FailedAttempts {
  /** How long, in ms, an origin has to wait before it may fail again; 0: not at all. */
  waitMs(origin: Origin): number;
  note(origin: Origin): void;
}

/**
 * Counts by client, and by what a client behind a proxy cannot choose: no header makes it another
 * one.
 */
export function countFailedAttempts(clock: () => number): FailedAttempts {
  const clients = countByAddress(clock, OF_CLIENT);
  const told = countByAddress(clock, OF_TOLD);
  const proxies = countByAddress(clock, OF_PROXY);

  function countersOf(origin: Origin): readonly (readonly [AddressCounter, string])[] {
    return [
      [clients, origin.client],
      // the first alone: what stands before it is for that one to tell
      ...origin.told.slice(0, 1).map((address) => [told, address] as const),
      ...(origin.proxy === null ? [] : [[proxies, origin.proxy] as const]),
    ];
  }

  return {
    waitMs: (origin) =>
      Math.max(...countersOf(origin).map(([counter, address]) => counter.waitMs(networkOf(address)))),
    note(origin) {
      for (const [counter, address] of countersOf(origin)) counter.note(networkOf(address));
    },
  };
}

type AddressCounter = { waitMs(network: string): number; note(network: string): void };

function countByAddress(clock: () => number, { burst, intervalMs }: Allowance): AddressCounter {
  /** When all attempts of an address will be forgiven, each after an interval. */
  const forgivenAt = new Map<string, number>();
  const freeMs = (burst - 1) * intervalMs;
  return {
    waitMs: (network) => Math.max(0, (forgivenAt.get(network) ?? 0) - clock() - freeMs),
    note(network) {
      const now = clock();
      const at = Math.max(now, forgivenAt.get(network) ?? 0) + intervalMs;
      forgivenAt.delete(network);
      forgivenAt.set(network, Math.min(at, now + freeMs + LONGEST_WAIT_MS));
      const [oldest] = forgivenAt.keys();
      if (forgivenAt.size > MOST_ADDRESSES && oldest !== undefined) forgivenAt.delete(oldest);
    },
  };
}
