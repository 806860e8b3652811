import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataOf } from '../client.ts';
import { exchange } from '../raw-socket.ts';
import { createTarget } from './target.ts';

const BODY = '{"datamart_id":"1","name":"smuggled"}';
const SIZE = BODY.length;
const HEX = SIZE.toString(16);

test('requests whose end can be read in two ways are refused, and their connection is closed', async (t) => {
  const { service, url, assertUnharmed } = await createTarget(t);
  const head = `authorization: ${service.token}\r\nhost: x\r\n`;
  const post = `POST /v1/audience_segments HTTP/1.1\r\n${head}content-type: application/json\r\n`;
  const upload = `POST ${url('NDJSON')} HTTP/1.1\r\n${head}content-type: application/x-ndjson\r\n`;
  const second = `GET /v1/datamarts HTTP/1.1\r\n${head}\r\n`;
  const chunked = `${HEX}\r\n${BODY}\r\n0\r\n\r\n`;
  const attacks: Readonly<Record<string, string>> = {
    'length and chunks': `${post}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n${chunked}${second}`,
    'chunks and length': `${post}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n${chunked}${second}`,
    'two lengths': `${post}content-length: 4\r\ncontent-length: ${SIZE}\r\n\r\n${BODY}${second}`,
    'the same length twice': `${post}content-length: ${SIZE}\r\ncontent-length: ${SIZE}\r\n\r\n${BODY}${second}`,
    'a list of lengths': `${post}content-length: ${SIZE}, ${SIZE}\r\n\r\n${BODY}${second}`,
    'a length with a sign': `${post}content-length: +${SIZE}\r\n\r\n${BODY}${second}`,
    'a negative length': `${post}content-length: -1\r\n\r\n${BODY}${second}`,
    'a length in hexadecimal': `${post}content-length: 0x${HEX}\r\n\r\n${BODY}${second}`,
    'a length beyond all numbers': `${upload}content-length: 99999999999999999999999\r\n\r\n${BODY}`,
    'an unknown coding': `${post}transfer-encoding: xchunked\r\n\r\n${chunked}${second}`,
    'chunks that are not the last coding': `${post}transfer-encoding: chunked, identity\r\n\r\n${chunked}${second}`,
    'a chunk size that is none': `${upload}transfer-encoding: chunked\r\n\r\nzz\r\n${BODY}\r\n0\r\n\r\n`,
    'a chunk longer than it says': `${upload}transfer-encoding: chunked\r\n\r\n2\r\n${BODY}\r\n0\r\n\r\n`,
    'a chunk with a huge extension': `${upload}transfer-encoding: chunked\r\n\r\n1;${'x'.repeat(20_000)}\r\n{\r\n0\r\n\r\n`,
    'line feeds alone': `GET /v1/datamarts HTTP/1.1\n${head.replaceAll('\r', '')}\n`,
    'a folded header': `GET /v1/datamarts HTTP/1.1\r\nhost: x\r\nauthorization:\r\n ${service.token}\r\n\r\n`,
    'a blank before the colon': `GET /v1/datamarts HTTP/1.1\r\nhost: x\r\nauthorization : ${service.token}\r\n\r\n`,
    'U+0000 in a header': `GET /v1/datamarts HTTP/1.1\r\n${head}x: a\0b\r\n\r\n`,
    'a method that is none': `FOO /v1/datamarts HTTP/1.1\r\n${head}\r\n`,
    'another protocol': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  };
  for (const [name, bytes] of Object.entries(attacks)) {
    const { statuses, closed, text } = await exchange(service, bytes, 5_000);
    assert.deepEqual([statuses, closed], [[400], true], `${name}: ${text.slice(-300)}`);
    assert.match(text, /"error_code":"INVALID_REQUEST"/, name);
  }
  const segments = await dataOf<{ name: string }[]>(service.call('GET', '/v1/audience_segments'));
  assert.deepEqual(
    segments.map(({ name }) => name),
    ['target'],
  );
  await assertUnharmed();
});

test('a chunk that promises more than ever comes is cut like any upload that stands still', async (t) => {
  const { service, url, assertUnharmed } = await createTarget(t, { uploadIdleMs: 200 });
  const head = `authorization: ${service.token}\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n`;
  const bytes = `POST ${url('NDJSON')} HTTP/1.1\r\n${head}transfer-encoding: chunked\r\n\r\nffffffffff\r\n${BODY}`;
  const { statuses } = await exchange(service, bytes, 2_000);
  assert.deepEqual(statuses, [408]);
  await assertUnharmed();
});

test('headers and JSON bodies that trickle in are cut, and many such connections hold nobody up', async (t) => {
  const { service, assertUnharmed } = await createTarget(t, { requestMs: 300 });
  const head = `authorization: ${service.token}\r\nhost: x\r\n`;
  const slow = {
    headers: ['GET /v1/datamarts HTTP/1.1\r\n', 'x: y\r\n'],
    body: [
      `POST /v1/audience_segments HTTP/1.1\r\n${head}content-type: application/json\r\ncontent-length: 99\r\n\r\n`,
      '{',
    ],
    'the body of what is not there': [
      `POST /v1/x HTTP/1.1\r\n${head}content-length: 99\r\ncontent-type: application/json\r\n\r\n`,
      '{',
    ],
  };
  for (const [name, pieces] of Object.entries(slow)) {
    const many = Array.from({ length: 50 }, () => exchange(service, pieces, 15_000));
    assert.equal((await service.call('GET', '/v1/datamarts')).status, 200);
    for (const { statuses, closed } of await Promise.all(many))
      assert.deepEqual([statuses, closed], [[408], true], name);
  }
  await assertUnharmed();
});

test('a connection beyond the limit is closed, and there is room again when others end', async (t) => {
  const { service } = await createTarget(t, { maxConnections: 5, requestMs: 500 });
  const idle = Array.from({ length: 20 }, () => exchange(service, 'GET / HTTP/1.1\r\n', 10_000));
  assert.equal(
    (await Promise.all(idle)).every(({ closed }) => closed),
    true,
  );
  assert.equal((await service.call('GET', '/v1/datamarts')).status, 200);
});
