import assert from 'node:assert/strict';
import { test } from 'node:test';
import { start, untilPrinted } from './cli/run.ts';
import { ADMIN_TOKEN, clientOf, createSegment, errorFile, runFile } from './client.ts';
import { discardFolder, makeFolder } from './folder.ts';

const SDK = new URL('register-tracing.mjs', import.meta.url).href;

type Line = Readonly<Record<string, unknown>> & { readonly msg: string };

test('ids lead from a file to its request, its execution, its result and its spans', async (t) => {
  const data = await makeFolder();
  const started = start(['serve', '--data', data, '--port', '0'], {
    env: { MUSTER_ADMIN_TOKEN: ADMIN_TOKEN, NODE_OPTIONS: `--import ${SDK}` },
  });
  t.after(async () => {
    started.child.kill('SIGKILL');
    await started.ended;
    await discardFolder(t, data);
  });
  const [, url = ''] = await untilPrinted(started, /Muster listens on (\S+)/);
  const service = clientOf(url, ADMIN_TOKEN);
  const segmentId = await createSegment(service, { name: 's' });
  const line = (segment: string) =>
    `{"operation":"UPDATE","user_account_id":"a","segment_id":"${segment}","expiration_duration":0}\n`;
  const execution = await runFile(service, 'NDJSON', line(segmentId) + line('404'));
  await errorFile(service, execution);
  const refused = await service.call('GET', '/v1/datamarts/1/document_imports/404');
  const lookUp = (user: string) =>
    service.call('GET', `/v1/datamarts/1/user_segments/user_account_id=${user}`);
  assert.equal((await lookUp('a')).status, 200);
  assert.equal((await lookUp('nobody')).status, 404);
  const wrong = await lookUp('');
  assert.equal(wrong.status, 400);
  started.child.kill('SIGTERM');
  const { stdout } = await started.ended;

  const lines = stdout
    .split('\n')
    .filter((text) => text.startsWith('{"level"'))
    .map((text) => JSON.parse(text) as Line);
  const find = (msg: string, fields: object) =>
    lines.find(
      (line) => line.msg === msg && Object.entries(fields).every(([name, value]) => line[name] === value),
    );
  const ids = { datamart_id: '1', execution_id: execution.id };
  const uploaded = find('request', { method: 'POST', status: 200, ...ids });
  assert.ok(uploaded, 'the request of the upload');
  assert.equal(typeof uploaded.request_id, 'string');
  assert.equal(typeof uploaded.token_id, 'string');
  const begun = find('execution started', ids);
  assert.equal(begun?.from_line, 0);
  const ended = find('execution ended', ids);
  assert.deepEqual(
    [ended?.status, ended?.commands, ended?.failures, ended?.failures_by_code],
    ['SUCCEEDED', 2, 1, { UNKNOWN_SEGMENT: 1 }],
  );
  assert.ok(Number.isInteger(ended?.ms) && (ended?.ms as number) >= 0);
  const error = find('request', { error_id: refused.headers.get('x-request-id') });
  assert.deepEqual([error?.error_code, error?.datamart_id], ['NOT_FOUND', '1']);
  const ofLookUps = lines.filter(({ route }) => String(route).includes('/user_segments/'));
  assert.deepEqual(
    ofLookUps.map(({ error_id }) => error_id),
    [wrong.headers.get('x-request-id')],
    'look-ups that are answered have no line, be the user known or not; those that are refused have one',
  );

  assert.match(stdout, /name: 'muster\.upload'/);
  assert.match(stdout, /name: 'muster\.merge'/);
  assert.match(stdout, new RegExp(`traceId: '${ended?.trace_id}'`), 'the trace that the log names');
});
