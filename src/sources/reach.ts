import { isIPv6, type LookupFunction } from 'node:net';
import { type Reach, whatIsWrong } from '../webhooks/check-url.ts';
import { lookUpFor } from '../webhooks/look-up.ts';
import { SourceError } from './source-error.ts';

/**
 * Where sources may lead: to public addresses over TLS or SSH, and to what the configuration names.
 */
export type Network = {
  /** `HOST` or `HOST:PORT`, in small letters: may be private, and be spoken to over http. */
  readonly hosts: readonly string[];
  readonly nameServers: readonly string[];
};

/** How far a host may lie. */
export function reachOf(host: string, port: number, { hosts }: Network): Reach {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  const withPort = `${isIPv6(name) ? `[${name}]` : name}:${port}`;
  return hosts.includes(name) || hosts.includes(withPort) ? 'ANY' : 'PUBLIC';
}

/**
 * What is wrong with a URL that files are to come from, as `expected …, got …`; null when nothing
 * is.
 */
export function wrongUrl(text: string, network: Network): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  const wrong = whatIsWrong(text, url === null ? 'PUBLIC' : reachOf(url.hostname, portOf(url), network));
  if (wrong === null || url === null || !/ of https,| public /.test(wrong)) return wrong;
  return `${wrong}; the configuration of the service can name the host (sourceHosts)`;
}

/** The same for a host and its port. */
export function wrongHost(host: string, port: number, network: Network): string | null {
  const url = `https://${isIPv6(host) ? `[${host}]` : host}:${port}/`;
  if (!URL.canParse(url) || /[/?#@\s\\]/.test(host)) return 'expected a host name or an address, got neither';
  return wrongUrl(url, network);
}

/** Throws for what was taken when it was set up and may not be connected to any more. */
export function requireUrl(text: string, network: Network): URL {
  const wrong = wrongUrl(text, network);
  if (wrong !== null) throw new SourceError(wrong);
  return new URL(text);
}

/** What host names are looked up by: what it gives is what is connected to. */
export function lookUpOf(
  host: string,
  port: number,
  { network, signal }: { readonly network: Network; readonly signal: AbortSignal },
): LookupFunction {
  return lookUpFor({ reach: reachOf(host, port, network), nameServers: network.nameServers, signal });
}

export function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : Number(url.port);
}
