import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP, type LookupFunction } from 'node:net';
import type { Reach } from './check-url.ts';
import { addressesInHosts, namesToTry } from './name-sources.ts';
import { AddressRefusedError, isPublicAddress } from './public-address.ts';

/**
 * Host names of webhooks are looked up by c-ares (`dns.Resolver`), not by `dns.lookup`. That holds
 * a thread of libuv's pool until the name servers are given up, whatever becomes of the attempt,
 * and the pool lends it two threads: a dozen names that nobody answers for kept all other webhooks
 * waiting for minutes, and shares of two threads would help nobody. c-ares waits in the event loop,
 * and a look-up can be ended.
 *
 * c-ares reads neither the hosts file nor search domains, which names inside a network need, so
 * both are read here. Other sources of `nsswitch.conf`, such as mDNS and LDAP, are not asked.
 */
export type LookUp = {
  readonly reach: Reach;
  /** `ADDRESS` or `ADDRESS:PORT`; those of the machine where none is named. */
  readonly nameServers: readonly string[];
  /** Ends it at once. */
  readonly signal: AbortSignal;
};

/**
 * Each query is sent twice to each server. Of one that is silent this takes 7 s, within the 15 s of
 * an attempt.
 */
const QUERIES = { timeout: 2_000, tries: 2 } as const;

/** Codes of c-ares for a name that has no addresses of a kind, or can have none. */
const NOT_KNOWN: readonly unknown[] = ['ENOTFOUND', 'ENODATA', 'EBADNAME'];

/** A host name that gives no address. */
export class HostNameError extends Error {
  override readonly name = 'HostNameError';
}

/**
 * A `lookup` for one connection: what it gives is what is connected to, so a name that changes its
 * address between two looks gains nothing. Where the reach is PUBLIC, one address that is not
 * public refuses all.
 */
export function lookUpFor(lookUp: LookUp): LookupFunction {
  return (host, options, callback) => {
    findAllowed(host, lookUp).then(
      ([first, ...others]) => {
        if (options.all) callback(null, [first, ...others]);
        else callback(null, first.address, first.family);
      },
      (fault: Error) => callback(fault, []),
    );
  };
}

type Addresses = readonly [LookupAddress, ...LookupAddress[]];

async function findAllowed(host: string, lookUp: LookUp): Promise<Addresses> {
  const addresses = await findAddresses(host, lookUp);
  const isAllowed = lookUp.reach === 'ANY' || addresses.every(({ address }) => isPublicAddress(address));
  if (!isAllowed) throw new AddressRefusedError();
  return addresses;
}

/** Both files are read again each time, as by any other program: they may change. */
async function findAddresses(host: string, { nameServers, signal }: LookUp): Promise<Addresses> {
  const inHosts = withFamilies(addressesInHosts(await readIfThere('/etc/hosts'), host));
  if (isSome(inHosts)) return inHosts;
  const names = namesToTry(host, await readIfThere('/etc/resolv.conf'));
  // one for each look-up, which takes some 20 µs: ended by itself, and with no memory of what
  // others asked
  const resolver = new Resolver(QUERIES);
  if (nameServers.length > 0) resolver.setServers(nameServers);
  const end = () => resolver.cancel();
  signal.addEventListener('abort', end, { once: true });
  let isAnswered = true;
  try {
    for (const name of names) {
      signal.throwIfAborted();
      const answer = await ask(resolver, name);
      if (isSome(answer.addresses)) return answer.addresses;
      isAnswered &&= answer.isWhole;
    }
  } finally {
    signal.removeEventListener('abort', end);
  }
  throw new HostNameError(
    isAnswered ? 'the name of the host is not known' : 'the name of the host could not be looked up',
  );
}

/**
 * The addresses of both kinds. What is known of one kind counts although nobody answers for the
 * other.
 */
async function ask(
  resolver: Resolver,
  name: string,
): Promise<{ readonly addresses: readonly LookupAddress[]; readonly isWhole: boolean }> {
  const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  return {
    addresses: withFamilies(answers.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))),
    isWhole: answers.every((one) => one.status === 'fulfilled' || NOT_KNOWN.includes(one.reason.code)),
  };
}

function withFamilies(addresses: readonly string[]): LookupAddress[] {
  return addresses.map((address) => ({ address, family: isIP(address) }));
}

function isSome(addresses: readonly LookupAddress[]): addresses is Addresses {
  return addresses.length > 0;
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    // what is not there, or cannot be read, names nothing
    return '';
  }
}
