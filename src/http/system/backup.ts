import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { Type } from 'typebox';
import { type Backup, openBackup } from '../../backup/write-backup.ts';
import { ServiceError } from '../../errors.ts';
import { version } from '../../version.ts';
import { authorOf } from '../access.ts';
import { ErrorAnswer } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';

/**
 * `GET /backup`: everything the service holds, as one stream; nothing is written where a request
 * says.
 */
export function backupRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, documents, clock, config, logger } = dependencies;
  /** The one that is under way: each takes room for a second store. */
  let running: Promise<Backup> | null = null;
  /**
   * Those whose last bytes may still lie in the socket's buffers: a reader that stands still would
   * hold up the end.
   */
  const sending = new Set<ServerResponse>();

  app.addHook('preClose', async () => {
    const backup = await running?.catch(() => null);
    backup?.stream.destroy(new Error('the service is shutting down'));
    for (const answer of sending) answer.destroy();
    await backup?.closed;
  });

  app.route({
    method: 'GET',
    url: '/backup',
    exposeHeadRoute: false,
    config: { role: 'admin', reach: 'ALL_DATAMARTS' },
    schema: {
      tags: ['backup'],
      summary:
        'Downloads a backup of the store and its files as a tar stream; it is complete if it ends with manifest.ndjson',
      produces: ['application/x-tar'],
      response: {
        200: Type.Unsafe<Readable>({ description: 'application/x-tar' }),
        '4xx': ErrorAnswer,
        '5xx': ErrorAnswer,
      },
    },
    handler: async (request, reply) => {
      if (running !== null) throw new ServiceError('CONFLICT', 'another backup is running');
      const change = {
        action: 'DOWNLOAD',
        resourceType: 'backup',
        resourceId: 'all',
        datamartId: null,
      } as const;
      const opening = store.auditLog
        .note(authorOf(request, dependencies), change)
        .then(() => openBackup({ store, documents, clock, musterVersion: version() }, config.uploadIdleMs));
      running = opening;
      const forget = () => {
        running = null;
      };
      const { stream, closed } = await opening.catch((fault) => {
        forget();
        throw fault;
      });
      const startedAt = clock();
      stream.on('error', (fault) => logger.warn({ err: fault }, 'a backup broke off'));
      closed
        .then(() => logger.info({ ms: clock() - startedAt }, 'a backup ended'))
        .catch((fault) => logger.error({ err: fault }, 'what a backup left could not be removed'))
        .finally(forget);
      if (!reply.raw.destroyed) sending.add(reply.raw);
      reply.raw.once('close', () => sending.delete(reply.raw));
      reply.type('application/x-tar');
      return reply.send(stream);
    },
  });
}
