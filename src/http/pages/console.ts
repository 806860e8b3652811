import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { rawPath } from '../route-table.ts';
import { CONSOLE_POLICY } from '../security-headers.ts';
import type { App } from '../types.ts';

/**
 * Where `npm run build` puts the console: beside this code once that is built, else in `dist/` of
 * the clone.
 */
const FOLDER = ['../../console/', '../../../dist/console/']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((folder) => existsSync(`${folder}index.html`));

/** Paths of machines: what is not found below them is told as JSON, whoever asks. */
const MACHINE_PATHS = /^\/(v1|docs|health|metrics|openapi\.json|assets)(\/|$)/;
const YEAR_SECONDS = 31_536_000;

/**
 * The web console at `/`: a page, and its scripts and styles under names that change with their
 * content.
 */
export async function consoleRoutes(app: App): Promise<void> {
  app.get('/', { schema: { hide: true } }, (_request, reply) =>
    FOLDER === undefined ? reply.redirect('/docs') : sendConsole(reply),
  );
  app.get('/assets/*', { schema: { hide: true } }, (request, reply) => {
    const { '*': name } = request.params as { '*': string };
    if (FOLDER === undefined || !/^[\w.-]+$/.test(name)) return reply.callNotFound();
    return reply.sendFile(`assets/${name}`, FOLDER, {
      maxAge: YEAR_SECONDS * 1000,
      immutable: true,
      index: false,
    });
  });
}

/**
 * Whether a browser asks for a page of the console, by a path that only the console's own routes
 * know.
 */
export function isConsolePage({ method, url, headers }: FastifyRequest): boolean {
  if (FOLDER === undefined || (method !== 'GET' && method !== 'HEAD')) return false;
  return !MACHINE_PATHS.test(rawPath(url)) && (headers.accept ?? '').includes('text/html');
}

/**
 * The page itself, which is asked for each time, so that it names the scripts of the version that
 * runs.
 */
export function sendConsole(reply: FastifyReply): FastifyReply {
  reply.header('Content-Security-Policy', CONSOLE_POLICY);
  return reply.sendFile('index.html', FOLDER, { cacheControl: false }).header('Cache-Control', 'no-cache');
}
