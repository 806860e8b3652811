import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ADMIN_TOKEN, createImport, createSegment, runFile } from '../../test/client.ts';
import { openService } from '../service.ts';
import type { Target } from '../target.ts';

const MOST_MS = 10_000;
/** Routes whose answers are files or streams, where they are not errors. */
const NO_JSON = /\/(data|export_file|backup|events)$/;

const nasty = fc.oneof(
  fc.constantFrom(
    ...['', '0', '1', '-1', '01', '1e3', '999999999999999999', '9223372036854775808', 'NaN', 'null', 'true'],
    ...[
      "' or 1=1 --",
      '$1',
      '\\',
      '%',
      '_',
      '../..',
      '__proto__',
      'constructor',
      '\u0430',
      '\u202e',
      '\ufeff',
    ],
    ...[
      'user_account_id=a',
      'email_hash=%27',
      'mics://data_file/tenants/1/../x',
      '*',
      ',',
      '1,2,x',
      'x'.repeat(3_000),
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
);
const json = fc.oneof(
  nasty,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(1, 0, -1, 1.5, 2 ** 60, [], {}, ['1'], true),
);
const header = fc.constantFrom<Record<string, string>>(
  ...[{}, {}, {}, { range: 'bytes=0-1,3-' }, { 'idempotency-key': "'" }, { 'content-encoding': 'gzip' }],
  ...[
    { 'content-type': 'text/csv' },
    { 'content-type': 'application/json; charset=x' },
    { accept: 'text/x' },
  ],
  ...[{ origin: 'null' }, { traceparent: '00-0-0-0' }, { 'x-http-method-override': 'DELETE' }],
);
const authorization = fc.constantFrom(
  ADMIN_TOKEN,
  ADMIN_TOKEN,
  ADMIN_TOKEN,
  `Bearer ${ADMIN_TOKEN}`,
  'x',
  '',
);

type Names = { readonly query: readonly string[]; readonly body: readonly string[] };

/**
 * Every call of the API with strange parameters, queries, headers and bodies: answered, never with
 * a fault.
 */
export async function openHttp(): Promise<Target> {
  const { service, client, close } = await openService();
  const segmentId = await createSegment(client, { name: 's', technical_name: 's' });
  await createImport(client, { format: 'NDJSON' });
  await runFile(
    client,
    'NDJSON',
    `{"operation":"UPDATE","user_account_id":"a","segment_id":"${segmentId}","expiration_duration":0}`,
  );
  const names = await readNames(client);
  // Without its token nothing could be asked any more.
  const routes = service.routes.filter(
    ({ method, url }) => `${method} ${url}` !== 'DELETE /v1/api_tokens/:tokenId',
  );

  const property = fc.asyncProperty(
    fc.constantFrom(...routes),
    fc.array(fc.oneof(fc.constant('1'), nasty), { minLength: 6, maxLength: 6 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...names.query), nasty), nasty, { maxKeys: 4 }),
    fc.oneof(fc.dictionary(fc.oneof(fc.constantFrom(...names.body), nasty), json, { maxKeys: 8 }), json),
    fc.record({ header, authorization }),
    async ({ method, url }, values, query, body, headers) => {
      let at = 0;
      const path = url.replace(/:\w+|\*/g, () => encode(values[at++] ?? '1'));
      const search = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
      const startedAt = performance.now();
      const answer = await fetch(`${service.url}${path}?${search.join('&')}`, {
        method,
        headers: {
          'content-type': 'application/json',
          ...headers.header,
          authorization: headers.authorization,
        },
        redirect: 'manual',
        ...(['GET', 'HEAD'].includes(method) ? {} : { body: JSON.stringify(body) ?? '' }),
      });
      const text = await answer.text();
      assert.ok(answer.status < 500, `${method} ${path}: ${answer.status} ${text}`);
      assert.ok(answer.headers.has('x-request-id'), `${method} ${path} has no request id`);
      assert.ok(!text.includes(ADMIN_TOKEN), 'no answer repeats the token');
      const isJson = url.startsWith('/v1/') && method !== 'HEAD' && !(answer.ok && NO_JSON.test(url));
      if (isJson) JSON.parse(text);
      assert.ok(performance.now() - startedAt < MOST_MS, `${method} ${path} took too long`);
    },
  );
  return { properties: [property as never], close };
}

/** Percent-encoded where it can be; halves of surrogate pairs as nothing that is UTF-8. */
function encode(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : '%ed%a0%80';
}

/** The names that the API's own description has for parameters and members of bodies. */
async function readNames(client: Awaited<ReturnType<typeof openService>>['client']): Promise<Names> {
  const text = JSON.stringify((await client.call('GET', '/openapi.json')).json);
  const query = new Set([...text.matchAll(/"in":"query","name":"(\w+)"/g)].map(([, name = '']) => name));
  const body = new Set(
    [...text.matchAll(/"([a-z_]+)":\{"(?:type|anyOf|const|enum|description)"/g)].map(([, name = '']) => name),
  );
  assert.ok(query.size > 5 && body.size > 20, `${query.size} and ${body.size} names`);
  return { query: [...query], body: [...body] };
}
