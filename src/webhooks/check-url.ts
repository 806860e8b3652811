import { isIP } from 'node:net';
import { isPublicAddress } from './public-address.ts';

/** Longest URL that is kept. */
export const MOST_URL = 2000;

/**
 * Where webhooks may lead. ANY: also to http and to addresses that are not public, for receivers
 * inside a network that is trusted.
 */
export type Reach = 'PUBLIC' | 'ANY';

/**
 * What is wrong with the URL of a webhook, as `expected …, got …`; null when nothing is. Names are
 * not looked up here: what they lead to is checked at each connection.
 */
export function whatIsWrong(text: string, reach: Reach): string | null {
  if (text.length > MOST_URL)
    return `expected a URL of at most ${MOST_URL} characters, got ${text.length} of them`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) return 'expected an absolute URL, got something else';
  if (url.protocol !== 'https:' && !(reach === 'ANY' && url.protocol === 'http:')) {
    const expected = reach === 'ANY' ? 'https or http' : 'https';
    return `expected a URL of ${expected}, got one of ${url.protocol.slice(0, -1)}`;
  }
  // it would be shown to everybody who may see the webhook
  if (url.username !== '' || url.password !== '') return 'expected a URL without user and password, got one';
  if (reach === 'PUBLIC' && !mayBePublic(url)) return 'expected a public address, got one that is not';
  return null;
}

function mayBePublic(url: URL): boolean {
  const host = hostOf(url);
  return isIP(host) === 0 ? !/(^|\.)localhost\.?$/.test(host) : isPublicAddress(host);
}

/** Its host: a name, or an address without brackets. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
