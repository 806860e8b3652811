/**
 * Where the token of this tab is kept: in memory, and in the session storage when that is wished.
 * Never in a URL.
 */

const KEY = 'muster.token';
let inMemory: string | null = null;

/** The token of this tab, or null. */
export function keptToken(): string | null {
  return inMemory ?? sessionStorage.getItem(KEY);
}

/** Keeps a token until the tab is closed, or until the page is loaded again. */
export function keepToken(token: string, until: 'TAB_CLOSES' | 'PAGE_RELOADS'): void {
  inMemory = token;
  if (until === 'TAB_CLOSES') sessionStorage.setItem(KEY, token);
}

export function forgetToken(): void {
  inMemory = null;
  sessionStorage.removeItem(KEY);
}
