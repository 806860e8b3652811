import { isIP, isIPv4, isIPv6 } from 'node:net';

/** What is configured of host names: name servers, a hosts file, search domains. */

/**
 * Whether a text is an address with or without a port. Node ends the process where a name server
 * has port 0.
 */
export function isNameServer(text: string): boolean {
  const [, six = '', four = '', port = ''] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const hasPort = Number(port) >= 1 && Number(port) <= 65_535;
  // an address with a zone loses it in c-ares
  return !text.includes('%') && (isIP(text) !== 0 || (hasPort && (isIPv6(six) || isIPv4(four))));
}

/** The addresses of a name in a hosts file, of all of its lines (hosts(5)). */
export function addressesInHosts(hosts: string, name: string): string[] {
  // a hosts file may block hundreds of thousands of names, and mostly names none of ours
  const text = hosts.toLowerCase();
  const sought = withoutDot(name.toLowerCase());
  if (!text.includes(sought)) return [];
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = wordsOf(line.split('#', 1)[0]);
    return isIP(address) !== 0 && names.includes(sought) ? [address] : [];
  });
}

/**
 * The names that a name may stand for, in the order in which they are tried (resolv.conf(5)): a
 * name of fewer than `ndots` dots is tried below the search domains first, and by itself then; any
 * other the other way around. A dot at the end says that it is whole.
 */
export function namesToTry(name: string, resolvConf: string): string[] {
  if (name.endsWith('.')) return [withoutDot(name)];
  let domains: readonly string[] = [];
  let leastDots = 1;
  for (const line of resolvConf.split('\n')) {
    const [keyword, ...values] = wordsOf(line);
    if (keyword === 'search' || keyword === 'domain') domains = values.map(withoutDot).filter(Boolean);
    if (keyword !== 'options') continue;
    for (const option of values) {
      const [key, value] = option.split(':');
      if (key === 'ndots') leastDots = Number(value) || 0;
    }
  }
  const below = domains.map((domain) => `${name}.${domain}`);
  const dots = name.split('.').length - 1;
  return dots >= leastDots ? [name, ...below] : [...below, name];
}

function wordsOf(line = ''): string[] {
  return line.split(/\s/).filter(Boolean);
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
