import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { networkOf } from '../../src/http/client-address.ts';
import type { RouteAccess } from '../../src/http/types.ts';
import type { Store } from '../../src/store/store.ts';
import { clientOf, dataOf } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { makeToken, openWorld, type Prepare, type Prepared, REQUESTS, type World } from './access-world.ts';
import { refused } from './refusals.ts';

const DOCS = new URL('../../docs/access.md', import.meta.url);

/** Who calls, in the order of the columns of docs/access.md. */
const CALLERS = ['nobody', 'reader', 'editor', 'admin', 'admin of all', 'admin of another'] as const;
type Caller = (typeof CALLERS)[number];
type Row = Readonly<Record<Caller, string>>;

/** The table of docs/access.md: what each caller gets, by `METHOD path`. */
function readTable(): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const line of readFileSync(DOCS, 'utf8').split('\n')) {
    const [call, ...cells] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    const name = /^`([A-Z]+ \/\S*)`$/.exec(call ?? '')?.[1];
    if (name === undefined) continue;
    assert.equal(cells.length, CALLERS.length, line);
    assert.ok(!rows.has(name), `${name} stands in the table twice`);
    rows.set(name, Object.fromEntries(CALLERS.map((caller, at) => [caller, cells[at]])) as Row);
  }
  return rows;
}

/** `HEAD` of a path is allowed to whom `GET` is, and the files of a page to whom the page is. */
function nameOf({ method, url }: RouteAccess): string {
  return `${method === 'HEAD' ? 'GET' : method} ${url.startsWith('/docs/') ? '/docs' : url}`;
}

test('docs/access.md has a line for every route, and for nothing else', async (t) => {
  const { routes } = await startService(t);
  const names = new Set(routes.filter(({ method }) => method !== 'OPTIONS').map(nameOf));
  assert.deepEqual([...readTable().keys()].sort(), [...names].sort());
  for (const { url, role } of routes)
    assert.equal(role !== null, url.startsWith('/v1/'), `${url} declares the role ${role}`);
});

test('every caller gets from every route what docs/access.md says', async (t) => {
  // each request comes from an address of its own, so that none is refused for the wrong tokens
  // before it
  const service = await startService(t, { trustProxy: ['127.0.0.1'] });
  const world = await openWorld(service);
  const tokens = await makeTokens(world);
  const table = readTable();
  let request = 0;
  for (const route of service.routes) {
    if (route.method === 'OPTIONS') continue;
    const row = table.get(nameOf(route));
    const prepare: Prepare | undefined =
      route.role === null ? () => openPath(service, route.url) : REQUESTS[nameOf(route)];
    assert.ok(row && prepare, `${nameOf(route)} has no line in docs/access.md or no request in this test`);
    for (const caller of CALLERS) {
      for (const token of tokens[caller]) {
        const prepared: Prepared = await prepare(world);
        request += 1;
        const loggedBefore = await countLogged(service.store);
        const answer = await send(world, {
          route,
          prepared,
          token,
          from: `10.0.${request >> 8}.${request & 255}`,
        });
        const told: string = `${route.method} ${prepared.path} by ${caller} (${token.slice(0, 6)}…): ${answer.text.slice(0, 200)}`;
        if (row[caller] === 'yes' || row[caller] === 'filtered') {
          assert.ok(answer.status < 400 || answer.status === 409, `${answer.status} for ${told}`);
        } else assert.equal(String(answer.status), row[caller], told);
        const logged = (await countLogged(service.store)) - loggedBefore;
        assert.equal(
          logged,
          answer.status < 400 && isAudited(route) ? 1 : 0,
          `${logged} entries in the audit log for ${told}`,
        );
        if (caller === 'admin of another' && row[caller] === 'filtered' && route.method === 'GET')
          assertNothingOf('1', answer.text);
      }
    }
  }
});

async function makeTokens(world: World): Promise<Readonly<Record<Caller, readonly string[]>>> {
  const own = [world.datamartId];
  const admin = { role: 'admin', datamartIds: null } as const;
  const expired = await makeToken(world, { ...admin, expired: true });
  return {
    nobody: ['', 'unknown', expired],
    reader: [
      await makeToken(world, { role: 'reader', datamartIds: own }),
      await makeToken(world, { role: 'reader', datamartIds: null }),
    ],
    editor: [
      await makeToken(world, { role: 'editor', datamartIds: own }),
      await makeToken(world, { role: 'editor', datamartIds: null }),
    ],
    admin: [await makeToken(world, { role: 'admin', datamartIds: own })],
    'admin of all': [await makeToken(world, admin)],
    'admin of another': [await makeToken(world, { role: 'admin', datamartIds: [world.otherDatamartId] })],
  };
}

const FILES = ['/v1/data_file/data', '/v1/audience_segments/:segmentId/export_file', '/v1/backup'];

/** Changes are, and downloads of files; look-ups are not. */
function isAudited({ method, url }: RouteAccess): boolean {
  // what changes nothing, and has a body
  if (url.endsWith('/search') || url.endsWith('/preview')) return false;
  // a line of the log for each: there may be a thousand in a second
  if (url.endsWith('/user_segment_commands')) return false;
  return !['GET', 'HEAD'].includes(method) || (method === 'GET' && FILES.includes(url));
}

async function countLogged(store: Store): Promise<number> {
  const page = { firstResult: 0, maxResults: 0 };
  return (await store.auditLog.list({ filter: { datamartIds: null }, page })).total;
}

/** A path that an open route answers: of the console's files one that its page names. */
async function openPath(service: TestService, url: string): Promise<Prepared> {
  if (url !== '/assets/*') return { path: url.replace('*', 'index.html') };
  const { text } = await service.call('GET', '/');
  const [path] = /\/assets\/[^"]+/.exec(text) ?? [];
  assert.ok(path, 'the console is not built: npm run build');
  return { path };
}

async function send(
  { service }: World,
  { route, prepared, token, from }: { route: RouteAccess; prepared: Prepared; token: string; from: string },
) {
  const headers = { 'x-forwarded-for': from, ...(prepared.type ? { 'content-type': prepared.type } : {}) };
  const answer = await fetch(`${service.baseUrl}${prepared.path}`, {
    method: route.method,
    redirect: 'manual',
    headers: {
      ...(token === '' ? {} : { authorization: token }),
      ...(prepared.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(prepared.body === undefined
      ? {}
      : { body: typeof prepared.body === 'string' ? prepared.body : JSON.stringify(prepared.body) }),
  });
  return { status: answer.status, text: await answer.text() };
}

/** A list that is filtered shows nothing of a datamart. */
function assertNothingOf(datamartId: string, text: string): void {
  const { data } = JSON.parse(text) as { data: { id: string; datamart_id?: string; type?: string }[] };
  for (const element of data) {
    const shown = element.type === 'DATAMART' ? element.id : element.datamart_id;
    assert.notEqual(shown, datamartId, text);
  }
}

test('an address that sends wrong tokens again and again is slowed down, a right one passes', async (t) => {
  const service = await startService(t);
  const wrong = (n: number) => clientOf(service.baseUrl, `wrong-${n}`).call('GET', '/v1/datamarts');
  for (let n = 0; n < 10; n++) await refused(wrong(n), 401, 'UNAUTHORIZED');
  const answer = wrong(10);
  await refused(answer, 429, 'TOO_MANY_ATTEMPTS');
  assert.match((await answer).headers.get('retry-after') ?? '', /^[1-9]\d?$/);
  // one that was never seen before, and one that was
  const body = { name: 'n', role: 'reader', datamart_ids: null };
  const { value } = await dataOf<{ value: string }>(service.call('POST', '/v1/api_tokens', body));
  await dataOf(clientOf(service.baseUrl, value).call('GET', '/v1/datamarts'));
  await dataOf(service.call('GET', '/v1/datamarts'));
});

test('a request without a token is no attempt', async (t) => {
  const service = await startService(t);
  for (let n = 0; n < 15; n++)
    await refused(clientOf(service.baseUrl, '').call('GET', '/v1/datamarts'), 401, 'UNAUTHORIZED');
});

test('addresses of one IPv6 network are one client', () => {
  assert.equal(networkOf('127.0.0.1'), '127.0.0.1');
  assert.equal(networkOf('::ffff:127.0.0.1'), '127.0.0.1');
  assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2');
  assert.equal(networkOf('2001:db8:1:2::9'), '2001:db8:1:2');
  assert.equal(networkOf('2001:db8::9'), '2001:db8:0:0');
  assert.equal(networkOf('::1'), '0:0:0:0');
  assert.equal(networkOf('1::2:3:4:5:6:7'), '1:0:2:3');
});
