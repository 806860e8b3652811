import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, dataOf, type ExecutionAnswer } from '../client.ts';
import { missing, refused } from '../http/refusals.ts';
import { createTarget, type Target } from './target.ts';

type Named = ExecutionAnswer & { readonly result: { readonly input_file_name: string } };

test('a file name is a name: no path, no header, no control character', async (t) => {
  const { service, run, line, assertUnharmed } = await createTarget(t);
  for (const [given, expected] of [
    ['../../etc/passwd', 'passwd'],
    ['..\\\\..\\\\windows\\\\system.ini', 'system.ini'],
    ['/etc/passwd', 'passwd'],
    ['..', 'document.ndjson'],
    ['.', 'document.ndjson'],
    ['a/..', 'document.ndjson'],
    ['a%0d%0aSet-Cookie: x=1', 'a%0d%0aSet-Cookie: x=1'],
    ['a;b=c', 'a;b=c'],
    ['a\\"b', 'a"b'],
    ['x'.repeat(5_000), 'x'.repeat(255)],
  ] as const) {
    const headers = { 'content-disposition': `attachment; filename="${given}"` };
    const { result } = (await run('NDJSON', line('a'), headers)) as Named;
    assert.equal(result.input_file_name, expected, given);
    const download = await service.call(
      'GET',
      `/v1/data_file/data?uri=${encodeURIComponent(result.input_file_uri)}`,
    );
    assert.match(download.headers.get('content-disposition') ?? '', /^attachment; filename=/);
    assert.equal(download.headers.get('set-cookie'), null);
  }
  const encoded = "attachment; filename*=UTF-8''a%0d%0aSet-Cookie%3a%20x%00%c3%a9%e2%80%a8%ed%a0%80.ndjson";
  for (const disposition of [encoded, "attachment; filename*=UTF-8''..%2f..%2fx%0d%0ay%e2%80%aez"]) {
    const { result } = (await run('NDJSON', line('a'), { 'content-disposition': disposition })) as Named;
    assert.doesNotMatch(result.input_file_name, /[\p{Cc}/\\]/u);
    const { status, headers } = await service.call(
      'GET',
      `/v1/data_file/data?uri=${encodeURIComponent(result.input_file_uri)}`,
    );
    assert.deepEqual([status, headers.get('set-cookie')], [200, null]);
  }
  await assertUnharmed();
});

test('a data_file URI names a file of an execution and nothing else', async (t) => {
  const { service, run, line, assertUnharmed } = await createTarget(t);
  const { result } = await run('NDJSON', line('a'));
  const good = result.input_file_uri;
  const get = (uri: string) => service.call('GET', `/v1/data_file/data?uri=${encodeURIComponent(uri)}`);
  assert.equal((await get(good)).status, 200);
  for (const uri of [
    'file:///etc/passwd',
    '/etc/passwd',
    '../../../etc/passwd',
    'mics://data_file/tenants/1/../../../etc/passwd',
    `${good}/../../../../store/muster.duckdb`,
    `${good}\n`,
    `${good}%00`,
    good.replace('tenants/1', 'tenants/01'),
    good.replace('tenants/1', 'tenants/2'),
    good.replace('datamarts/1', 'datamarts/2'),
    good.replace('/input', '/%69nput'),
    good.replace('/input', '/Input'),
    good.replace(/executions\/\d+/, 'executions/999999999999999999'),
    good.replace(/executions\/\d+/, `executions/${'9'.repeat(30)}`),
    good.replace(/executions\/\d+/, 'executions/1e0'),
    'http://169.254.169.254/latest/meta-data',
    '',
  ]) {
    await missing(get(uri));
  }
  await refused(get(`${good}\0`), 400, 'INVALID_REQUEST');
  await assertUnharmed();
});

test('ranges: many, overlapping and absurd ones cost no more than the file once', async (t) => {
  const { service, run, line, assertUnharmed } = await createTarget(t);
  const content = line('a').repeat(500);
  const { result } = await run('NDJSON', content);
  const get = (range: string): Promise<Answer> =>
    service.call('GET', `/v1/data_file/data?uri=${encodeURIComponent(result.input_file_uri)}`, undefined, {
      range,
    });
  for (const range of [
    `bytes=${Array.from({ length: 1_500 }, (_, i) => `${2 * i}-${2 * i}`).join(',')}`,
    `bytes=${Array(1_500).fill('0-').join(',')}`,
    'bytes=0-1,5-6',
    'lines=0-1',
    'bytes=0-99999999999999999999999',
  ]) {
    const { status, text } = await get(range);
    assert.ok(status === 200 || status === 206, `${range.slice(0, 30)}: ${status}`);
    assert.ok(text.length <= content.length, range.slice(0, 30));
  }
  for (const range of ['bytes=x', 'bytes=-', 'bytes=9999999-', 'bytes=5-1'])
    await refused(get(range), 416, 'RANGE_NOT_SATISFIABLE');
  assert.equal((await get('bytes=-5')).text, content.slice(-5));
  await assertUnharmed();
});

const BOUNDARY = '--b\r\n';
const FILE = 'Content-Disposition: form-data; name="file"; filename="f"';

async function postForm({ service, url }: Target, body: string, type = 'multipart/form-data; boundary=b') {
  return service.call('POST', url('NDJSON'), body, { 'content-type': type });
}

test('forms: huge headers, many parts, huge texts and strange names are refused or ignored', async (t) => {
  const target = await createTarget(t);
  const { line, assertUnharmed } = target;
  const file = `${BOUNDARY}${FILE}\r\n\r\n${line('a')}\r\n`;
  const text = (name: string, value: string) =>
    `${BOUNDARY}Content-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  for (const body of [
    `${BOUNDARY}${FILE}\r\n${'x'.repeat(200_000)}: 1\r\n\r\n${line('a')}\r\n--b--\r\n`,
    `${BOUNDARY}${FILE}\r\n${'x: 1\r\n'.repeat(50_000)}\r\n${line('a')}\r\n--b--\r\n`,
    `${text('type', 'x').repeat(500)}--b--\r\n`,
    `${file.repeat(300)}--b--\r\n`,
    BOUNDARY.repeat(100_000),
    `${BOUNDARY}Content-Disposition: form-data; name="file"; filename="${'f'.repeat(100_000)}"\r\n\r\nx`,
    '\r\n'.repeat(100_000),
    `${BOUNDARY}Content-Disposition: ${'form-data; '.repeat(10_000)}name="file"\r\n\r\n{}\r\n--b--\r\n`,
  ]) {
    const { status, json } = await postForm(target, body);
    assert.ok(status === 200 || (status >= 400 && status < 500), `${status} for ${body.slice(0, 60)}`);
    if (status === 200) await dataOf(Promise.resolve({ status, json, text: '', headers: new Headers() }));
  }
  for (const boundary of ['', '"', 'b'.repeat(5_000), 'a b', '"b']) {
    const { status } = await postForm(target, file, `multipart/form-data; boundary=${boundary}`);
    assert.ok(status >= 400 && status < 500, `${status} for ${boundary.slice(0, 10)}`);
  }
  for (const name of ['__proto__', 'constructor', 'toString']) {
    const answer = await postForm(target, `${text(name, 'x')}${file}--b--\r\n`);
    assert.ok(answer.status === 200 || answer.status === 400, `${name}: ${answer.status}`);
  }
  assert.equal(({} as Record<string, unknown>).x, undefined);
  const withTexts = `${text('type', 'y'.repeat(2_000_000)).repeat(20)}${file}--b--\r\n`;
  assert.equal((await postForm(target, withTexts)).status, 200);
  await settle(target);
  await assertUnharmed();
});

/** Waits until nothing runs. */
async function settle({ service }: Target): Promise<void> {
  for (;;) {
    const counts = await service.store.executions.countByStatus();
    if ((counts.get('PENDING') ?? 0) + (counts.get('RUNNING') ?? 0) === 0) return;
  }
}
