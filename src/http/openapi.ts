import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { DOCS_POLICY } from './security-headers.ts';
import type { App } from './types.ts';

const FILE = { type: 'string', contentMediaType: 'application/octet-stream' };
/** The body of an upload; not a schema of the route, since the validator never sees it. */
const FILE_BODY = {
  content: {
    'application/x-ndjson': { schema: FILE },
    'text/csv': { schema: FILE },
    'multipart/form-data': {
      schema: { type: 'object', required: ['file'], properties: { file: FILE, type: { type: 'string' } } },
    },
  },
};

/** Generates the description of the API from the schemas of the routes registered after it, and its human page. */
export async function describeApi(app: App): Promise<void> {
  await app.register(swagger, {
    transform: ({ schema, url, route }) =>
      route.config?.takesFile ? { schema: { ...schema, body: FILE_BODY }, url } : { schema, url },
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Muster',
        description: 'Imports of user segments: files of commands in, memberships out.',
        version: '1',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          token: {
            type: 'apiKey',
            in: 'header',
            name: 'Authorization',
            description: 'the API token itself, or after `api:` or `Bearer `',
          },
        },
      },
      security: [{ token: [] }],
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { validatorUrl: null },
    staticCSP: DOCS_POLICY,
  });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}
