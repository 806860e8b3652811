import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { createSegment, getSegment } from '../client.ts';
import { muster, startMuster } from './run.ts';

/** What a proxy does to the answer of an upload. */
type Fate = 'PASS' | 'DROP_ANSWER' | 'DROP_REQUEST' | 'ANSWER_503' | 'ANSWER_503_HTML';

/** A proxy before the service that treats the uploads as `fates` say, one after the other, and lets the rest pass. */
async function openProxy(t: TestContext, of: { target: string; fates: Fate[] }): Promise<string> {
  const keys: unknown[] = [];
  const server: Server = createServer((request, response) => {
    const isUpload = request.method === 'POST' && request.url?.endsWith('/executions');
    const fate = (isUpload ? of.fates.shift() : undefined) ?? 'PASS';
    if (isUpload) keys.push(request.headers['idempotency-key']);
    if (fate === 'DROP_REQUEST') return void request.socket.destroy();
    if (fate === 'ANSWER_503' || fate === 'ANSWER_503_HTML') {
      const error = { status: 'error', error: 'closing', error_code: 'SHUTTING_DOWN', error_id: 'x' };
      request.resume().on('end', () => {
        response.writeHead(503).end(fate === 'ANSWER_503' ? JSON.stringify(error) : '<html>away</html>');
      });
      return;
    }
    const forwarded = httpRequest(
      new URL(request.url ?? '/', of.target),
      { method: request.method ?? 'GET', headers: request.headers },
      (answer: IncomingMessage) => {
        // by now the service has the file for good
        if (fate === 'DROP_ANSWER') return void request.socket.destroy();
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    request.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    assert.equal(new Set(keys).size, 1, 'one file has one key');
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return `http://127.0.0.1:${address.port}`;
}

async function importThrough(t: TestContext, fates: Fate[]) {
  const { service, folder } = await startMuster(t);
  const segmentId = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const line =
    '{"operation":"UPDATE","user_account_id":"u1","segment_technical_name":"vip","expiration_duration":0}\n';
  await writeFile(path.join(folder, 'day.ndjson'), line);
  const url = await openProxy(t, { target: service.baseUrl, fates });
  const env = { MUSTER_URL: url, MUSTER_TOKEN: service.token };
  const run = await muster(['import', 'day.ndjson'], { env, cwd: folder });
  assert.equal(fates.length, 0, 'every fate came true');
  const imports = await service.call('GET', '/v1/datamarts/1/document_imports');
  const [{ id } = { id: '' }] = (imports.json as { data: { id: string }[] }).data;
  const executions = await service.call('GET', `/v1/datamarts/1/document_imports/${id}/executions`);
  const { total } = executions.json as { total: number };
  return { ...run, total, members: (await getSegment(service, segmentId)).user_points_count };
}

test('an import whose answer was lost is sent again and applied once', async (t) => {
  const { code, stderr, total, members } = await importThrough(t, ['DROP_ANSWER', 'DROP_REQUEST']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /the connection broke \(\w+\); the file is sent again in /);
  assert.deepEqual({ total, members }, { total: 1, members: 1 });
});

test('an import waits for a service that is away for a moment', async (t) => {
  const { code, stderr, total, members } = await importThrough(t, ['ANSWER_503', 'ANSWER_503_HTML']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /the service answered 503; the file is sent again in /);
  assert.deepEqual({ total, members }, { total: 1, members: 1 });
});
