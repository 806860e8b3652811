import { BlockList, isIP } from 'node:net';

/**
 * Where a webhook may lead: nowhere but to the public internet, so that nobody reaches the
 * operator's network through it.
 */

/**
 * Networks of public addresses that lead into a cloud from inside it: Azure's platform, which hands
 * out settings and certificates of machines; services of IBM's private network; Google's APIs for
 * machines without a public address. Those of other clouds lie in networks that are named below,
 * such as 169.254.169.254, 100.100.100.200 and 192.0.0.192, or are unique local IPv6.
 */
const OF_CLOUDS = [
  ...['168.63.129.16/32', '161.26.0.0/16', '166.8.0.0/14', '199.36.153.4/30', '199.36.153.8/30'],
];

/**
 * IPv4 that is not public (IANA special-purpose registry): "this network", private, shared,
 * loopback, link-local and the rest.
 */
const NOT_PUBLIC = new BlockList();
for (const network of [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  ...OF_CLOUDS,
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
])
  add(NOT_PUBLIC, network, 'ipv4');
/**
 * Within global unicast: protocol assignments with Teredo, documentation, and 6to4, which has an
 * IPv4 address in it.
 */
for (const network of ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'])
  add(NOT_PUBLIC, network, 'ipv6');

/**
 * All that is global unicast. Everything else of IPv6 is refused without being named: loopback,
 * link-local, unique local, and the ways to write an IPv4 address (`::ffff:…`, `::…`, NAT64
 * `64:ff9b::…`).
 */
const GLOBAL_UNICAST = new BlockList();
add(GLOBAL_UNICAST, '2000::/3', 'ipv6');

function add(list: BlockList, network: string, family: 'ipv4' | 'ipv6'): void {
  const [address = '', bits = ''] = network.split('/');
  list.addSubnet(address, Number(bits), family);
}

/** Whether an address, as text without brackets, is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !NOT_PUBLIC.check(address, 'ipv4');
  // an address with a zone, such as fe80::1%eth0, is of one link
  if (family !== 6 || address.includes('%')) return false;
  return GLOBAL_UNICAST.check(address, 'ipv6') && !NOT_PUBLIC.check(address, 'ipv6');
}

/**
 * The address of a connection is not to be connected to. Which one it is, is not told: it may be a
 * name of the operator's network.
 */
export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError';
  constructor(message = 'the host is not at a public address') {
    super(message);
  }
}
