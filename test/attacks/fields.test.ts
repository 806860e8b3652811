import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataOf, getSegment } from '../client.ts';
import { createTarget, type Target } from './target.ts';

const TEXTS = ["'; drop table segment; --", "') or ('1'='1", '$1::text||$2', '"; select 1', '\\'];

type Field = { readonly name: string; readonly in: string };
type Call = {
  readonly parameters?: readonly Field[];
  readonly requestBody?: {
    readonly content: { readonly 'application/json'?: { readonly schema: { readonly properties?: object } } };
  };
};

/** Every call that the API describes, but for uploads, which other tests send files to. */
async function describedCalls({ service }: Target) {
  const { json } = await service.call('GET', '/openapi.json');
  const { paths } = json as { paths: Record<string, Record<string, Call>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { requestBody }]) => requestBody?.content['application/json'] || requestBody === undefined)
      .map(([method, call]) => ({ path, method: method.toUpperCase(), call })),
  );
}

test('text for SQL in every field, parameter and header that the API describes is refused or text', async (t) => {
  const target = await createTarget(t);
  const { service, segmentId, assertUnharmed } = target;
  let fields = 0;
  for (const { path, method, call } of await describedCalls(target)) {
    const parameters = call.parameters ?? [];
    const members = Object.keys(call.requestBody?.content['application/json']?.schema.properties ?? {});
    const send = async (
      what: string,
      of: { path?: string; query?: string; header?: object; body?: object },
    ) => {
      fields++;
      const url = (of.path ?? path).replace(/\{[^}]+\}/g, '404') + (of.query ?? '');
      const answer = await service.call(method, url, members.length > 0 ? (of.body ?? {}) : undefined, {
        ...of.header,
      });
      assert.ok(answer.status < 500, `${method} ${path}, ${what}: ${answer.status} ${answer.text}`);
    };
    for (const [at, text] of TEXTS.entries()) {
      const encoded = encodeURIComponent(text);
      for (const { name, in: where } of parameters) {
        if (where === 'path') await send(name, { path: path.replace(`{${name}}`, encoded) });
        if (where === 'query') await send(name, { query: `?${name}=${encoded}` });
        if (where === 'header') await send(name, { header: { [name]: text } });
      }
      // the others as a client would fill them in, so that the one is looked at
      for (const name of members) {
        const others = { datamart_id: '1', organisation_id: '1', name: `n${at}`, mime_type: 'TEXT_CSV' };
        await send(name, { body: { ...others, [name]: text }, path: path.replace('{datamartId}', '1') });
      }
    }
  }
  assert.ok(fields > 300, `only ${fields} were sent`);
  assert.equal((await getSegment(service, segmentId)).technical_name, 'target');
  await assertUnharmed();
});

test('text for SQL in every field of a line, and in every column, is refused or text', async (t) => {
  const { service, run, segmentId, assertUnharmed } = await createTarget(t);
  const good = { operation: 'UPDATE', segment_id: segmentId, expiration_duration: '0' };
  const lines = TEXTS.flatMap((text) => [
    ...['user_account_id', 'email_hash', 'user_agent_id'].map((name) => ({ ...good, [name]: text })),
    ...['operation', 'segment_id', 'segment_ids', 'segment_technical_name', 'segment_technical_names'].map(
      (name) => ({ ...good, user_account_id: 'a', [name]: text }),
    ),
    ...['compartment_id', 'compartment_token', 'expiration_duration', 'expiration_ts', 'data_bag'].map(
      (name) => ({ ...good, user_account_id: 'a', [name]: text }),
    ),
  ]);
  const names = [...new Set(lines.flatMap((line) => Object.keys(line)))];
  const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const rows = lines.map((line) =>
    names.map((name) => cell((line as Record<string, string>)[name] ?? '')).join(','),
  );
  for (const [format, body] of [
    ['NDJSON', lines.map((line) => JSON.stringify(line)).join('\n')],
    ['CSV', [names.join(','), ...rows].join('\n')],
  ] as const) {
    const { status, result } = await run(format, body);
    assert.equal(status, 'SUCCEEDED', format);
    assert.deepEqual([result.total_success, result.total_failure], [15, 50], JSON.stringify(result));
  }
  for (const text of TEXTS) {
    for (const name of ['user_account_id', 'email_hash', 'user_agent_id']) {
      const path = `/v1/datamarts/1/user_segments/${name}=${encodeURIComponent(text)}`;
      assert.equal((await dataOf<unknown[]>(service.call('GET', path))).length, 1, `${name} ${text}`);
    }
  }
  await assertUnharmed();
});

test('a file name in a form is a name: no path, no header, no control character', async (t) => {
  const { service, url, line, assertUnharmed } = await createTarget(t);
  for (const [given, expected] of [
    ['../../etc/passwd', /^passwd$/],
    ['..\\..\\system.ini', /system\.ini$/],
    ['a%0d%0aSet-Cookie: x=1', /^a/],
    ['x\0y\u0007.ndjson', /^xy\.ndjson$/],
    ['=cmd|x', /^=cmd\|x$/],
  ] as const) {
    const body = `--b\r\nContent-Disposition: form-data; name="file"; filename="${given}"\r\n\r\n${line('a')}\r\n--b--\r\n`;
    const type = { 'content-type': 'multipart/form-data; boundary=b' };
    const { result } = await dataOf<{ result: { input_file_name: string; input_file_uri: string } }>(
      service.call('POST', url('NDJSON'), body, type),
    );
    assert.match(result.input_file_name, expected, given);
    assert.doesNotMatch(result.input_file_name, /[\p{Cc}/\\]/u);
    const download = await service.call(
      'GET',
      `/v1/data_file/data?uri=${encodeURIComponent(result.input_file_uri)}`,
    );
    assert.equal(download.status, 200);
    assert.equal(download.headers.get('set-cookie'), null);
  }
  await assertUnharmed();
});
