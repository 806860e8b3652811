import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { openLogger } from '../src/log.ts';
import { safeMessage } from '../src/safe-message.ts';
import { start, untilPrinted } from './cli/run.ts';
import {
  clientOf,
  createImport,
  createSegment,
  dataOf,
  errorFile,
  executionsPath,
  membershipsOf,
  runFile,
} from './client.ts';
import { discardFolder, makeFolder } from './folder.ts';

/** Stands in whatever must not be logged; in a look-up by URL also percent-encoded. */
const SECRET = 'sekret';
const TOKEN = `${SECRET}-admin-token`;

test('no token, identifier or data bag is in the logs of a busy service', async (t) => {
  const data = await makeFolder();
  const started = start(['serve', '--data', data, '--port', '0', '--log-level', 'debug'], {
    env: {
      ...{ MUSTER_ADMIN_TOKEN: TOKEN, MUSTER_SWEEP_INTERVAL_MS: '100' },
      MUSTER_WEBHOOK_ALLOW_PRIVATE: 'true',
    },
  });
  t.after(async () => {
    started.child.kill('SIGKILL');
    await started.ended;
    await discardFolder(t, data);
  });
  const [, url = ''] = await untilPrinted(started, /Muster listens on (\S+)/);
  const service = clientOf(url, TOKEN);
  const segmentId = await createSegment(service, { name: 's' });

  // a receiver that is not there, with a secret in its URL
  const webhooks = '/v1/datamarts/1/webhooks';
  const hook = { url: `http://127.0.0.1:1/${SECRET}?token=${SECRET}`, name: SECRET };
  const { secret } = await dataOf<{ secret: string }>(service.call('POST', webhooks, hook));
  for (const wrong of [{ secret: `whsec_${SECRET}` }, { url: `ftp://${SECRET}` }, { url: [hook.url, 1] }])
    await service.call('POST', webhooks, { ...hook, ...wrong });

  // files with lines that are applied and lines that fail in many ways
  const line = (fields: object) =>
    JSON.stringify({ operation: 'UPDATE', segment_id: segmentId, expiration_duration: 0, ...fields });
  const lines = [
    line({ user_account_id: `${SECRET}-1`, data_bag: { note: `${SECRET}-bag` } }),
    line({ user_account_id: `${SECRET}-2`, data_bag: `[${SECRET}]` }),
    line({ user_account_id: `${SECRET}-3`, segment_id: `${SECRET}-segment` }),
    line({ email_hash: `${SECRET}@example.com` }),
    line({ user_agent_id: `${SECRET}-agent`, operation: SECRET }),
    `{"user_account_id":"${SECRET}`,
  ];
  const execution = await runFile(service, 'NDJSON', lines.join('\n'));
  assert.equal(execution.result.total_failure, 5);
  await errorFile(service, execution);
  const row = `UPDATE,${SECRET}-4,${segmentId},0\nUPDATE,"${SECRET}"x,${segmentId},0\n`;
  await runFile(service, 'CSV', `operation,user_account_id,segment_id,expiration_duration\n${row}`);

  // uploads that are refused, and one that meets a fault: its folder is gone
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const at = executionsPath({ datamartId: '1', documentImportId });
  const ndjson = { 'content-type': 'application/x-ndjson' };
  await service.call('POST', at, `[{"user_account_id":"${SECRET}"}]`, ndjson);
  await service.call('POST', at, `${SECRET}`, { ...ndjson, 'content-encoding': 'gzip' });
  await service.call('POST', at, SECRET, { 'content-type': 'application/json' });
  await rm(path.join(data, 'documents/kept'), { recursive: true, maxRetries: 10 });
  await service.call('POST', at, lines.join('\n'), ndjson);

  // look-ups by URL, right and wrong; tokens where they should not be
  assert.equal((await membershipsOf(service, `user_account_id=${SECRET}-1`))?.length, 1);
  for (const selector of [
    `user_account_id=${SECRET}-9`,
    `user_account_id=%73ekret`,
    `${SECRET}=1`,
    `email_hash=${SECRET}%`,
    `user_account_id=${SECRET}?max_results=${SECRET}`,
  ]) {
    await service.call('GET', `/v1/datamarts/1/user_segments/${selector}`);
    await service.call('PATCH', `/v1/datamarts/1/user_segments/${selector}`);
    await service.call('GET', `/v1/datamarts/1/${selector}`);
  }
  await service.call('GET', `/v1/datamarts?access_token=${TOKEN}`);
  for (let i = 0; i < 12; i++) await clientOf(url, `${SECRET}-${i}`).call('GET', '/v1/datamarts');
  await service.call('POST', '/v1/api_tokens', `{"name":"${SECRET}`, { 'content-type': 'application/json' });
  await service.call('POST', '/v1/api_tokens', { name: 1, role: SECRET, expiration_date: SECRET });
  const { value } = await dataOf<{ value: string }>(
    service.call('POST', '/v1/api_tokens', { name: 'n', role: 'reader', datamart_ids: null }),
  );
  await dataOf(clientOf(url, value).call('GET', '/v1/datamarts'));
  await sendRaw(url, `GET /${SECRET} HTTP/9.9\r\nAuthorization: ${TOKEN}\r\n\r\n`);
  await sendRaw(
    url,
    `POST ${at} HTTP/1.1\r\nHost: a\r\nAuthorization: ${TOKEN}\r\nContent-Length: 99\r\n\r\n${SECRET}`,
  );

  await untilPrinted(started, /"msg":"a delivery to a webhook did not succeed"/);
  started.child.kill('SIGTERM');
  const { stdout, stderr } = await started.ended;
  const log = stdout + stderr;
  assert.match(log, /"route":"\/v1\/datamarts\/:datamartId\/user_segments\/\*"/, 'requests are logged');
  assert.match(log, /"msg":"fault"/, 'faults are logged');
  assert.doesNotMatch(log, /sekret|%73ekret/i);
  assert.ok(!log.includes(value));
  assert.ok(!log.includes(secret));
});

/** Sends what no HTTP client would, and hangs up when something comes back. */
async function sendRaw(url: string, text: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(text);
  socket.on('error', () => undefined);
  setTimeout(() => socket.destroy(), 300);
  await new Promise((resolve) => socket.once('close', resolve));
}

test('what DuckDB says of values is not told, what it says of files is', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const messageOf = async (sql: string) =>
    safeMessage(
      await connection.run(sql).then(
        () => null,
        (fault: unknown) => fault,
      ),
    );
  await connection.run('create table t (a text primary key, n tinyint)');
  await connection.run(`insert into t values ('${SECRET}', 1)`);
  for (const sql of [
    `select cast('${SECRET}' as bigint)`,
    `select cast('it''s ${SECRET}' as date)`,
    `insert into t values ('${SECRET}', 1)`,
    `insert into t values ('b', 12345)`,
    `select error('${SECRET}')`,
    `select json_extract('{"a":"${SECRET}"', 'a')`,
    `select ${SECRET} from t`,
    `selekt '${SECRET}'`,
  ]) {
    const message = await messageOf(sql);
    assert.match(message, /^[A-Z][\w ]+ Error: ./, message);
    assert.doesNotMatch(message, /sekret|12345/, message);
  }
  assert.match(await messageOf(`select * from read_csv('/nowhere/file.csv')`), /\/nowhere\/file\.csv/);
  connection.closeSync();
  instance.closeSync();
});

test('a fault is logged with its kind, its place and its causes, without what is quoted', () => {
  const lines: string[] = [];
  const logger = openLogger('info', { write: (line) => void lines.push(line) });
  const id = randomUUID();
  const cause = new Error(
    `Conversion Error: Could not convert string '${SECRET}\n    at ${SECRET}' to INT64`,
  );
  logger.error({ err: new TypeError(`no "${SECRET}" here`, { cause }), error_id: id }, 'fault');
  logger.warn(`Reply was already sent in the "/v1/user_segments/${SECRET}" (GET) route?`);
  logger.error(parseError(`{"a":${SECRET}}`));
  logger.info({ err: parseError(`{"a":${SECRET}}`), req: { url: SECRET } });
  const [first] = lines.map(
    (line) => JSON.parse(line) as { err: { type: string; stack: string; cause: object } },
  );
  assert.equal(first?.err.type, 'TypeError');
  assert.match(first.err.stack, /log\.test\.ts/);
  assert.match(JSON.stringify(first.err.cause), /Conversion Error/);
  assert.ok(lines[0]?.includes(id));
  assert.doesNotMatch(lines.join(''), /sekret/);
});

function parseError(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    return error;
  }
}
