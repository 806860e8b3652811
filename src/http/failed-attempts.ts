/** How many attempts of an address may fail at once, and how soon it may fail once more. */
const BURST = 10;
const INTERVAL_MS = 6_000;
/** The longest an address is kept waiting: attempts during it do not make it longer than this. */
const LONGEST_WAIT_MS = 60_000;
/** Addresses that are remembered; beyond that those that failed longest ago are forgotten. */
const MOST_ADDRESSES = 10_000;

/** Which client addresses have sent wrong tokens lately. In memory, and no more of it than MOST_ADDRESSES. */
export interface FailedAttempts {
  /** How long, in ms, an address has to wait before it may fail again; 0: not at all. */
  waitMs(ip: string): number;
  note(ip: string): void;
}

export function countFailedAttempts(clock: () => number): FailedAttempts {
  /** When all attempts of an address will be forgiven, each after an interval. */
  const forgivenAt = new Map<string, number>();

  function waitMs(ip: string): number {
    const at = forgivenAt.get(networkOf(ip)) ?? 0;
    return Math.max(0, at - clock() - (BURST - 1) * INTERVAL_MS);
  }

  return {
    waitMs,
    note(ip) {
      const network = networkOf(ip);
      const now = clock();
      const at = Math.max(now, forgivenAt.get(network) ?? 0) + INTERVAL_MS;
      forgivenAt.delete(network);
      forgivenAt.set(network, Math.min(at, now + (BURST - 1) * INTERVAL_MS + LONGEST_WAIT_MS));
      const [oldest] = forgivenAt.keys();
      if (forgivenAt.size > MOST_ADDRESSES && oldest !== undefined) forgivenAt.delete(oldest);
    },
  };
}

/** The address, or of an IPv6 address the first half: one client has the other half to choose from. */
export function networkOf(ip: string): string {
  const [ipv4] = /\d+\.\d+\.\d+\.\d+$/.exec(ip) ?? [];
  if (ipv4 !== undefined) return ipv4;
  const [head, tail] = ip.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = tail === undefined ? 0 : 8 - (head?.length ?? 0) - tail.length;
  const groups = [...(head ?? []), ...Array<string>(Math.max(0, zeros)).fill('0'), ...(tail ?? [])];
  return groups.slice(0, 4).join(':');
}
