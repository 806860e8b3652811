import assert from 'node:assert/strict';
import test from 'node:test';
import { startProcess } from '../process.ts';
import { isSignedBy, startReceiver } from '../receiver.ts';
import { muster } from './run.ts';

test('webhooks are made, tried, listed without secret, sent to again, and deleted', async (t) => {
  const receiver = await startReceiver(t);
  const service = await startProcess(t, { MUSTER_WEBHOOK_ALLOW_PRIVATE: 'true' });
  const env = { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token };
  const run = (...args: string[]) => muster(['webhooks', ...args], { env });
  const created = await run('create', receiver.url, '--name', 'ops', '--events', 'failed,execution.canceled');
  assert.equal(created.code, 0, created.stderr);
  const secret = /^webhook 1 created; its signing secret, shown only once:\n(whsec_\S+)\n$/.exec(
    created.stdout,
  )?.[1];
  assert.ok(secret, created.stdout);
  assert.equal((await run('ping', '1')).stdout, 'delivery 1 is on its way\n');
  await receiver.until(1);
  assert.match((await run('resend', '1', '1')).stdout, /delivery 1 is on its way again/);
  const [first, again] = await receiver.until(2);
  assert.ok(first && again && isSignedBy(secret, again));
  assert.equal(first.headers['webhook-id'], again.headers['webhook-id']);
  const [listed, deliveries] = await Promise.all([run(), run('deliveries', '1')]);
  assert.match(listed.stdout, / 1 +ops +all +failed,canceled +http:.* +enabled\n$/);
  assert.ok(!listed.stdout.includes('whsec'));
  assert.match(deliveries.stdout, / 1 +2\d{3}-.* webhook\.ping +- +(SUCCEEDED|PENDING) +[01] /);
  assert.equal((await run('delete', '1')).stdout, 'webhook 1 deleted\n');
});
