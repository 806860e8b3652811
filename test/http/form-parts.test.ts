import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  type Answer,
  CONTENT_TYPE,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  type Format,
  waitForEnd,
} from '../client.ts';
import { startService } from '../helper.ts';
import { refused } from './refusals.ts';

type Named = ExecutionAnswer & { readonly result: { readonly input_file_name: string } };
const CSV = 'operation,user_account_id,segment_id,expiration_duration\nDELETE,a,1,0\n';
const NDJSON = '{"operation":"DELETE","user_account_id":"a","segment_id":"1"}\n';
const CONTENT = { CSV, NDJSON };

/** A header as it goes over the wire in UTF-8, one character for each byte. */
function raw(header: string): string {
  return Buffer.from(header).toString('latin1');
}

test('a part of a form says of itself what a body does', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 's' });
  const imports = {
    NDJSON: await createImport(service, { format: 'NDJSON' }),
    CSV: await createImport(service, { format: 'CSV' }),
  };
  const url = (format: Format) => executionsPath({ datamartId: '1', documentImportId: imports[format] });
  const part = (headers: readonly string[], content: string | Uint8Array) =>
    Buffer.concat([
      Buffer.from(`--b\r\n${headers.join('\r\n')}\r\n\r\n`),
      Buffer.from(content),
      Buffer.from('\r\n'),
    ]);
  const FILE = 'Content-Disposition: form-data; name="file"; filename="f"';
  const post = (format: Format, ...parts: readonly Buffer[]): Promise<Answer> =>
    service.call('POST', url(format), Buffer.concat([...parts, Buffer.from('--b--\r\n')]), {
      'content-type': 'multipart/form-data; boundary=b',
    });
  const typed = (format: Format, type: string, content: string | Uint8Array = CONTENT[format]) =>
    post(format, part([FILE, `Content-Type: ${type}`], content));

  await t.test('its type and charset are those of the import, or say nothing', async () => {
    for (const [format, type] of [
      ['CSV', 'text/csv'],
      ['CSV', 'Text/CSV; Charset="UTF-8"'],
      ['CSV', 'text/csv;header=present;charset=utf8'],
      ['CSV', 'application/vnd.ms-excel'],
      ['CSV', 'text/tab-separated-values'],
      ['CSV', 'text/plain; charset=utf-8'],
      ['CSV', 'application/octet-stream'],
      ['NDJSON', 'application/x-ndjson'],
      ['NDJSON', 'application/octet-stream'],
      ['NDJSON', ''],
    ] as const)
      assert.equal((await typed(format, type)).status, 200, type);
    assert.equal((await post('CSV', part([FILE], CSV))).status, 200);
    for (const [format, type] of [
      ['CSV', 'text/csv; charset=windows-1252'],
      ['CSV', 'text/csv; charset="iso-8859-1"'],
      ['CSV', 'text/plain;charset=utf-32'],
      ['CSV', 'application/octet-stream; charset=latin1'],
      ['CSV', 'application/x-ndjson'],
      ['CSV', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
      ['NDJSON', 'text/csv'],
      ['NDJSON', 'application/vnd.ms-excel'],
      ['NDJSON', 'application/json'],
      ['NDJSON', 'application/x-ndjson; charset=cp1252'],
    ] as const) {
      const text = await refused(typed(format, type), 400, 'CONTENT_TYPE_MISMATCH');
      assert.ok(text.includes(CONTENT_TYPE[format]) && text.includes(JSON.stringify(type)), text);
    }
    const latin = service.call('POST', url('CSV'), CSV, { 'content-type': 'text/csv; charset=windows-1252' });
    await refused(latin, 400, 'CONTENT_TYPE_MISMATCH');
  });

  await t.test('its encodings are undone or refused', async () => {
    const gzip = gzipSync(CSV);
    const encoded = (content: string | Uint8Array, ...headers: string[]) =>
      post('CSV', part([FILE, ...headers], content));
    for (const answer of [
      encoded(gzip, 'Content-Encoding: gzip'),
      encoded(gzip, 'content-encoding: GZIP', 'Content-Transfer-Encoding: Binary'),
      encoded(gzip, 'Content-Type: application/gzip'),
      encoded(gzip, 'Content-Encoding: zstd'),
      encoded(CSV, 'Content-Encoding: identity', 'Content-Transfer-Encoding: 8bit'),
    ])
      assert.equal((await waitForEnd(service, await dataOf<Named>(answer))).num_tasks, 1);
    await refused(encoded(CSV, 'Content-Encoding: gzip'), 400, 'INVALID_COMPRESSION');
    await refused(encoded(CSV, 'Content-Encoding: br'), 400, 'UNSUPPORTED_CONTENT_ENCODING');
    const base64 = Buffer.from(CSV).toString('base64');
    for (const name of ['base64', 'quoted-printable'])
      await refused(
        encoded(base64, `Content-Transfer-Encoding: ${name}`),
        400,
        'UNSUPPORTED_CONTENT_ENCODING',
      );
  });

  await t.test('a later part replaces one of a wrong kind', async () => {
    const wrong = [
      part([FILE, 'Content-Type: text/csv; charset=windows-1252'], CSV),
      part([FILE, 'Content-Encoding: br'], CSV),
      part([FILE, 'Content-Encoding: gzip'], CSV),
      part([FILE], 'PK\x03\x04'),
      part([FILE], NDJSON),
    ];
    const taken = await dataOf<Named>(post('CSV', ...wrong, part([FILE.replace('"f"', '"last"')], CSV)));
    assert.equal(taken.result.input_file_name, 'last');
    await refused(post('CSV', part([FILE], CSV), ...wrong), 400, 'CONTENT_TYPE_MISMATCH');
  });

  await t.test('a name is read as it was meant, and given back so', async () => {
    const names: readonly (readonly [string, string])[] = [
      [raw('filename="Été.csv"'), 'Été.csv'],
      [raw('filename="お客様 №1.csv"'), 'お客様 №1.csv'],
      ['filename="\xc9t\xe9.csv"', 'Été.csv'],
      ["filename*=UTF-8''%C3%89t%C3%A9.csv", 'Été.csv'],
      ['filename="x.csv"; filename*=utf-8\'fr\'%C3%89t%C3%A9.csv', 'Été.csv'],
      ["filename*=ISO-8859-1''%C9t%E9.csv", 'Été.csv'],
      ['filename*=UTF-8\'\'%E9%.csv; filename="plain.csv"', 'plain.csv'],
      ['FileName = "a;b=c.csv"', 'a;b=c.csv'],
      [raw('filename=Été.csv'), 'Été.csv'],
      [raw('filename="../dir/Été.csv.gz"'), 'Été.csv'],
      ['filename=""', 'document.csv'],
      ['filename="a\\"b.csv"', 'a"b.csv'],
      ['filename="a;\\"b\\" c\\".csv"; size=1', 'a;"b" c".csv'],
      ['filename="C:\\dir\\x.csv"', 'x.csv'],
      ['filename="C:\\\\dir\\\\x.csv"', 'x.csv'],
      ['filename="\\\\server\\share\\x.csv"', 'x.csv'],
      ['filename=C:\\dir\\x.csv', 'x.csv'],
    ];
    for (const [parameter, name] of names) {
      const body = service.call('POST', url('CSV'), CSV, {
        'content-type': 'text/csv',
        'content-disposition': `attachment; ${parameter}`,
      });
      const head = Buffer.from(`Content-Disposition: form-data; name="file"; ${parameter}\r\n\r\n`, 'latin1');
      const inForm = Buffer.concat([Buffer.from('--b\r\n'), head, Buffer.from(`${CSV}\r\n`)]);
      for (const answer of [body, post('CSV', inForm)]) {
        const { result } = await dataOf<Named>(answer);
        assert.equal(result.input_file_name, name, parameter);
        const download = `/v1/data_file/data?uri=${encodeURIComponent(result.input_file_uri)}`;
        const { headers } = await service.call('GET', download);
        const disposition = headers.get('content-disposition') ?? '';
        assert.match(disposition, /^attachment; filename=/);
        assert.match(disposition, /^[\x20-\x7e]+$/);
        if (name.includes('É')) assert.match(disposition, /filename\*=UTF-8''%C3%89t%C3%A9\.csv$/);
      }
    }
    // a path that ends in a backslash, as browsers write it, ends the name as well
    const folder = part(['Content-Disposition: form-data; filename="C:\\dir\\"; name="file"'], CSV);
    assert.equal((await dataOf<Named>(post('CSV', folder))).result.input_file_name, 'document.csv');
    // as browsers write a quote in the name of a part
    const quoted = part([FILE.replace('"f"', '"a%22b.csv"')], CSV);
    assert.equal((await dataOf<Named>(post('CSV', quoted))).result.input_file_name, 'a"b.csv');
  });

  await t.test('a form that cannot be read is refused, saying why', async () => {
    const whole = part([FILE], CSV);
    const send = (body: Buffer, type = 'multipart/form-data; boundary=b') =>
      service.call('POST', url('CSV'), body, { 'content-type': type });
    const says = /^the form cannot be read: /;
    assert.match(await refused(send(whole), 400, 'INVALID_REQUEST'), says);
    assert.match(await refused(send(whole.subarray(0, -40)), 400, 'INVALID_REQUEST'), says);
    assert.match(await refused(send(Buffer.from('')), 400, 'INVALID_REQUEST'), says);
    assert.match(await refused(send(whole, 'multipart/form-data'), 400, 'INVALID_REQUEST'), says);
    assert.match(await refused(post('CSV', ...Array(201).fill(whole)), 400, 'INVALID_REQUEST'), /200 parts/);
    await refused(post('CSV', part(['X: y'], CSV)), 400, 'MISSING_FILE');
    await refused(post('CSV', part([FILE.replace('"file"', '"other"')], CSV)), 400, 'MISSING_FILE');
    const boundary = `multipart/form-data; boundary="b"; charset=utf-8`;
    assert.equal((await send(Buffer.concat([whole, Buffer.from('--b--')]), boundary)).status, 200);
  });

  await t.test('a form that comes a byte at a time is the same form', async () => {
    const body = Buffer.concat([
      part(['Content-Disposition: form-data; name="type"'], 'USER_SEGMENT'),
      part([FILE, 'Content-Encoding: gzip'], gzipSync(CSV)),
      Buffer.from('--b--\r\n'),
    ]);
    const request = http.request(`${service.baseUrl}${url('CSV')}`, {
      method: 'POST',
      headers: { authorization: service.token, 'content-type': 'multipart/form-data; boundary=b' },
    });
    const status = new Promise<number | undefined>((resolve, reject) => {
      request.on('error', reject).on('response', (response) => {
        response.resume();
        resolve(response.statusCode);
      });
    });
    request.setNoDelay(true);
    for (const byte of body) {
      request.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    request.end();
    assert.equal(await status, 200);
  });
});
