import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify from 'fastify';
import { Type } from 'typebox';
import { collectRoutes } from '../../src/http/route-table.ts';
import type { App, RouteAccess } from '../../src/http/types.ts';
import { dataOf } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { exchange } from '../raw-socket.ts';
import { openWorld, type Prepared, REQUESTS, type World } from './access-world.ts';
import { refused } from './refusals.ts';

/** What stands for a number somewhere, or is one that is beyond some column, type or calendar. */
const TEXTS = [
  ...[
    '9.3e18',
    '1e30',
    '1e400',
    'Infinity',
    '-Infinity',
    'NaN',
    '-0',
    '0x10',
    '0b1',
    ' ',
    ' 1',
    '1 ',
    '+1',
    '.5',
  ],
  ...[
    '1e3',
    '1.5',
    '-1',
    '9007199254740993',
    '9223372036854775807',
    '9223372036854775808',
    '\u0663',
    '1_000',
  ],
  ...[
    '8640000000000001',
    '-9223372036854775809',
    '9'.repeat(40),
    '9'.repeat(400),
    `0.${'0'.repeat(400)}1`,
    'null',
  ],
];
/** Of those, what JSON can write as a number; NaN and Infinity come out of it as 1e400 does. */
const NUMBERS = [
  '9.3e18',
  '1e30',
  '1e400',
  '-1e400',
  '-0',
  '1.5',
  '-1',
  '9223372036854775808',
  '9'.repeat(40),
];

type Schema = {
  readonly type?: unknown;
  readonly properties?: Record<string, Schema>;
  readonly pattern?: string;
};
type Operation = {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
};
type Description = { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> };

/** How many of the texts stand in paths: those are ids, which are looked at in one place. */
const IN_PATHS = 8;

const isNumeric = ({ type }: Schema) => ['integer', 'number'].some((name) => [type].flat().includes(name));
/** `…/{datamartId}/…`, as the description of the API writes `…/:datamartId/…`. */
const described = (url: string) => url.replaceAll(/:(\w+)/g, '{$1}').replace(/\/\*$/, '/{selector}');

test('no number of a query, a path or a body makes a fault', async (t) => {
  const service = await startService(t);
  const world = await openWorld(service);
  const { paths } = (await service.call('GET', '/openapi.json')).json as Description;
  const tried = { queries: 0, paths: 0, bodies: 0 };
  for (const route of service.routes) {
    const prepare = REQUESTS[`${route.method} ${route.url}`];
    if (route.role === null || prepare === undefined) continue;
    const operation = paths[described(route.url)]?.[route.method.toLowerCase()] ?? {};
    const prepared = await prepare(world);
    for (const path of [...pathsOf(route, prepared), ...queriesOf(operation, prepared)]) {
      tried[path.part]++;
      await assertNoFault(service, { route, ...prepared, path: path.path });
    }
    for (const body of bodiesOf(operation, prepared)) {
      tried.bodies++;
      await assertNoFault(service, { route, path: prepared.path, body, type: 'application/json' });
    }
  }
  // what the description no longer says would not be tried
  assert.ok(
    tried.queries > 50 * TEXTS.length && tried.paths > 50 * IN_PATHS && tried.bodies > 100,
    JSON.stringify(tried),
  );
  await dataOf(service.call('GET', '/v1/datamarts'));
});

/** Its numeric parameters with each text, one at a time; those that are texts with some. */
function* queriesOf({ parameters = [] }: Operation, { path }: Prepared) {
  for (const { name, in: where, schema } of parameters) {
    if (where !== 'query') continue;
    for (const text of isNumeric(schema) ? TEXTS : TEXTS.slice(0, 8)) {
      const [base = '', query = ''] = path.split('?');
      const search = new URLSearchParams(query);
      search.set(name, text);
      yield { part: 'queries', path: `${base}?${search}` } as const;
    }
  }
}

/** Its path with each text in the place of each parameter. */
function* pathsOf({ url }: RouteAccess, { path }: Prepared) {
  const [base = '', query = ''] = path.split('?');
  const segments = base.split('/');
  for (const [at, name] of url.split('/').entries()) {
    if (!name.startsWith(':')) continue;
    for (const text of TEXTS.slice(0, IN_PATHS)) {
      const other = segments.with(at, encodeURIComponent(text)).join('/');
      yield { part: 'paths', path: query === '' ? other : `${other}?${query}` } as const;
    }
  }
}

/** Its body with each number and text as each member that is a number or an id. */
function* bodiesOf({ requestBody }: Operation, { body }: Prepared) {
  const { properties = {} } = requestBody?.content['application/json']?.schema ?? {};
  for (const [name, schema] of Object.entries(properties)) {
    if (!isNumeric(schema) && schema.pattern === undefined) continue;
    for (const value of [...NUMBERS, ...TEXTS.map((text) => JSON.stringify(text))]) {
      const members = Object.entries({ ...(body as object), [name]: null }).map(
        ([member, given]) => `${JSON.stringify(member)}:${member === name ? value : JSON.stringify(given)}`,
      );
      yield `{${members}}`;
    }
  }
}

async function assertNoFault(
  service: TestService,
  { route, path, body, type }: Prepared & { readonly route: RouteAccess },
): Promise<void> {
  const headers = type === undefined ? {} : { 'content-type': type };
  const { status, text } = await service.call(route.method, path, body, headers);
  assert.ok(
    status < 500,
    `${status} for ${route.method} ${path} ${JSON.stringify(body)}: ${text.slice(0, 200)}`,
  );
}

test('a number of a query is one in JSON, within its bounds', async (t) => {
  const service = await startService(t);
  const world = await openWorld(service);
  const history = `/v1/audience_segments/${world.segmentId}/history`;
  for (const path of ['/v1/audit_log', history]) {
    for (const text of ['Infinity', '1e30', 'NaN', '0x10', '%20', '%201', '-1', '8640000000000001', '1.5'])
      await refused(service.call('GET', `${path}?from=${text}`), 400, 'INVALID_REQUEST');
  }
  for (const text of ['1e3', '-0', '0', '8640000000000000', '1.0', ''])
    await dataOf(service.call('GET', `/v1/audit_log?from=${text}`));
  const message = await refused(service.call('GET', '/v1/audit_log?from=0x10'), 400, 'INVALID_REQUEST');
  assert.equal(message, 'from must be a whole number, got "0x10"');
  const page = await service.call('GET', '/v1/datamarts?max_results=9223372036854775807');
  assert.equal((page.json as { max_results: number }).max_results, 1000);
});

test('numbers in headers make no fault', async (t) => {
  const service = await startService(t);
  const world = await openWorld(service);
  const file = (await REQUESTS['GET /v1/data_file/data']?.(world))?.path ?? '';
  for (const text of [
    '9.3e18',
    'Infinity',
    'NaN',
    '-0',
    '0x10',
    '1e3',
    '9223372036854775808',
    '9'.repeat(400),
  ]) {
    for (const range of [`bytes=${text}-`, `bytes=-${text}`, `bytes=0-${text}`, `bytes=${text}-${text}`]) {
      const { status } = await service.call('GET', file, undefined, { range, 'if-range': text });
      assert.ok([200, 206, 416].includes(status), `${status} for ${range}`);
    }
    await assertUploads(world, { 'idempotency-key': text, 'last-event-id': text });
    const { statuses } = await exchange(
      service,
      `POST /v1/datamarts HTTP/1.1\r\nHost: a\r\nAuthorization: ${service.token}\r\nContent-Type: application/json\r\nContent-Length: ${text}\r\nConnection: close\r\n\r\n{}`,
    );
    assert.ok(
      statuses.every((status) => status < 500),
      `${statuses} for Content-Length: ${text}`,
    );
  }
});

async function assertUploads(world: World, headers: Readonly<Record<string, string>>): Promise<void> {
  const upload =
    await REQUESTS['POST /v1/datamarts/:datamartId/document_imports/:importId/executions']?.(world);
  const events =
    await REQUESTS[
      'GET /v1/datamarts/:datamartId/document_imports/:importId/executions/:executionId/events'
    ]?.(world);
  assert.ok(upload && events);
  const { service } = world;
  const sent = await service.call('POST', upload.path, upload.body, {
    ...headers,
    'content-type': upload.type ?? '',
  });
  const followed = await service.call('GET', events.path, undefined, headers);
  assert.ok(sent.status < 500 && followed.status < 500, `${sent.text} ${followed.text}`);
}

test('a route whose numbers have no bounds is refused when it is added', async () => {
  const app = Fastify() as unknown as App;
  collectRoutes(app);
  const add = (schema: object) => app.post(`/${Math.random()}`, { schema }, () => '');
  for (const number of [
    Type.Integer(),
    Type.Number({ minimum: 0 }),
    Type.Optional(Type.Integer({ maximum: 1 })),
  ])
    assert.throws(
      () => add({ querystring: Type.Object({ from: number }) }),
      /request\.from is a number without/,
    );
  assert.throws(
    () => add({ body: Type.Object({ of: Type.Array(Type.Object({ at: Type.Integer() })) }) }),
    /request\.of\[\]\.at is a number without/,
  );
  add({
    querystring: Type.Object({ from: Type.Integer({ minimum: 0, maximum: 1 }) }),
    body: Type.Object({}),
  });
  await app.close();
});
