/**
 * What every answer carries, so that a browser that is brought to one does nothing with it. Over
 * TLS, the service's own or a trusted proxy's, also that the browser is to come by TLS alone for a
 * year, whatever a link or a person says.
 */
export function securityHeaders(protocol: 'http' | 'https'): Readonly<Record<string, string>> {
  return protocol === 'https' ? OVER_TLS : ALWAYS;
}

const ALWAYS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Content-Security-Policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
} as const;

const OVER_TLS = { ...ALWAYS, 'Strict-Transport-Security': 'max-age=31536000' } as const;

/**
 * The console runs its own scripts and calls this service; its component library sets styles while
 * it runs.
 */
export const CONSOLE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * The page at `/docs` runs its own scripts, sets styles of elements, and calls this service;
 * nothing else.
 */
export const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGES = "style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/** The pages of the documentation run no script and call nothing; a form leads to their search. */
export const PAGES_POLICY = `default-src 'none'; ${PAGES}`;
/** The page of the search runs the script beside it, which calls nothing. */
export const SEARCH_POLICY = `default-src 'none'; script-src 'self'; ${PAGES}`;
