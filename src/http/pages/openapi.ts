import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { DOCS_POLICY } from '../security-headers.ts';
import type { App } from '../types.ts';

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

type Named = { readonly params?: unknown };

/** A path that ends with a selector of a user, which the router knows as `*`, has a name for it. */
function named<T extends Named>(schema: T, url: string): { schema: T; url: string } {
  const params = schema.params as { readonly properties?: Record<string, unknown> } | undefined;
  if (!url.endsWith('/*') || params?.properties === undefined) return { schema, url };
  const { '*': selector, ...others } = params.properties;
  const properties = { ...others, selector };
  const renamed = { ...params, properties, required: Object.keys(properties) };
  return { schema: { ...schema, params: renamed }, url: `${url.slice(0, -1)}:selector` };
}

/**
 * Generates the description of the API from the schemas of the routes registered after it, and its
 * human page.
 */
export async function describeApi(app: App): Promise<void> {
  await app.register(swagger, {
    transform: ({ schema, url, route }) => {
      const body = route.config?.takesFile ? { body: FILE_BODY } : {};
      return named({ ...schema, ...body }, url);
    },
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Muster',
        description:
          'Imports files of users into audience segments, and answers which segments a user is in.',
        version: '1',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      externalDocs: { url: '/docs/index.html', description: 'Documentation of Muster' },
      components: {
        securitySchemes: {
          token: {
            type: 'apiKey',
            in: 'header',
            name: 'Authorization',
            description: 'the API token, alone or after `api:` or `Bearer `',
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
