import assert from 'node:assert/strict';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { TestContext } from 'node:test';

/** What a proxy does to the answer of an upload. */
export type Fate = 'PASS' | 'DROP_ANSWER' | 'DROP_REQUEST' | 'ANSWER_503' | 'ANSWER_503_HTML';

/**
 * A proxy before the service that treats the uploads as `fates` say, one after the other, and lets
 * the rest pass.
 */
export async function openProxy(t: TestContext, of: { target: string; fates: Fate[] }): Promise<string> {
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
