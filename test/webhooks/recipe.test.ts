import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeSecret } from '../../src/model/webhook.ts';
import { signatureHeaders } from '../../src/webhooks/sign.ts';
import { blockIn } from '../docs/blocks.ts';

test('the receiver of docs/recipes.md takes what is signed and not old, and nothing else', async (t) => {
  const program = blockIn('recipes.md', 'js');
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  const secret = makeSecret();
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, WEBHOOK_SECRET: secret, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill());
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (printed: string) => {
    output += printed;
  });
  const body = '{"type":"execution.failed","data":{"execution_path":"/v1/x","erroneous_tasks":3}}';
  const send = async (secrets: readonly string[], at: number): Promise<number> => {
    const headers = signatureHeaders({ id: 'msg', body, at }, secrets);
    const url = `http://127.0.0.1:${port}/`;
    for (let tries = 0; ; tries++) {
      const answer = await fetch(url, { method: 'POST', headers, body }).catch(() => null);
      if (answer !== null) return answer.status;
      assert.ok(tries < 500, 'it does not listen');
      await sleep(20);
    }
  };
  assert.equal(await send([secret], Date.now()), 204);
  assert.equal(await send([makeSecret(), secret], Date.now()), 204, 'in the middle of a rotation');
  assert.equal(await send([makeSecret()], Date.now()), 400);
  assert.equal(await send([secret], Date.now() - 301_000), 400);
  assert.equal(await send([], Date.now()), 400);
  assert.equal(output, 'msg execution.failed /v1/x 3\n'.repeat(2));
});
