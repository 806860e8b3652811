import { networkOf, type Origin } from './client-address.ts';

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
