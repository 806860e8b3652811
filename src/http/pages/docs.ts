import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PAGES_POLICY, SEARCH_POLICY } from '../security-headers.ts';
import type { App } from '../types.ts';

/**
 * Where `npm run build` puts the pages: beside this code once that is built, else in `dist/` of the
 * clone.
 */
const FOLDER = ['../../docs/', '../../../dist/docs/']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((folder) => existsSync(`${folder}index.html`));

/** Pages, their style, search, pictures and linked files, by the names that the build gives. */
const NAME = /^(?:(?:[\w-]+\/)*[\w-]+\.(?:html|css|js)|images\/[\w-]+\.\w+|files(?:\/[\w-][\w.-]*)+)$/;

/** The documentation under `/docs/`, beside the page of the API. */
export function docsRoutes(app: App): void {
  app.get('/docs/*', { schema: { hide: true } }, (request, reply) => {
    const { '*': name } = request.params as { '*': string };
    if (FOLDER === undefined || !NAME.test(name)) return reply.callNotFound();
    reply.header('Content-Security-Policy', name === 'search.html' ? SEARCH_POLICY : PAGES_POLICY);
    return reply
      .sendFile(name, FOLDER, { cacheControl: false, index: false })
      .header('Cache-Control', 'no-cache');
  });
}
