import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultPoint } from '../../src/fault-points.ts';
import { createImport, createSegment, dataOf, upload } from '../client.ts';
import { startProcess } from '../process.ts';
import { isSignedBy, startReceiver } from '../receiver.ts';

type Delivery = { execution_id: string; message_id: string; body: string; status: string };

const armed = (point: FaultPoint) => ({ MUSTER_FAULT_POINT: point });

test('an end is told of after kills before it, between it and its delivery, and between that and its note', async (t) => {
  const service = await startProcess(t, {
    MUSTER_WEBHOOK_ALLOW_PRIVATE: 'true',
    ...armed('group-before-commit'),
  });
  const receiver = await startReceiver(t);
  const segment_id = await createSegment(service, { name: 's' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const { id, secret } = await dataOf<{ id: string; secret: string }>(
    service.call('POST', '/v1/datamarts/1/webhooks', { url: receiver.url }),
  );
  const command = { operation: 'UPDATE', user_account_id: 'u', segment_id, expiration_duration: 0 };
  const send = (query: string) => {
    const body = `${JSON.stringify(command)}\n`;
    return upload(service, { datamartId: '1', documentImportId, format: 'NDJSON', body, query });
  };
  const killed = async () => {
    await service.end(20_000);
    assert.equal(service.signal(), 'SIGKILL');
  };

  const untilNoted = async (): Promise<Delivery[]> => {
    for (;;) {
      const path = `/v1/datamarts/1/webhooks/${id}/deliveries`;
      const deliveries = await dataOf<Delivery[]>(service.call('GET', path));
      if (deliveries.every(({ status }) => status !== 'PENDING')) return deliveries;
      await sleep(10);
    }
  };

  const plain = await send('');
  await killed();
  // it has not ended; it runs as soon as the service is there again, and that may be killed before
  // it answers
  await service.restart(armed('group-after-commit')).catch(() => undefined);
  await killed();
  assert.equal(receiver.received.length, 0, 'nothing was sent yet');
  await service.restart(armed('execution-ended'));
  await receiver.until(1);
  await untilNoted();
  const dryRun = await send('dry_run=true');
  await killed();
  assert.equal(receiver.received.length, 1);
  // it cannot be known that the receiver has it: once more, as the same message
  await service.restart(armed('webhook-answered')).catch(() => undefined);
  await killed();
  await receiver.until(2);
  await service.restart(armed('execution-claimed'));
  await receiver.until(3);

  const deliveries = await untilNoted();
  assert.deepEqual(
    deliveries.map(({ execution_id, status }) => [execution_id, status]),
    [
      [dryRun.id, 'SUCCEEDED'],
      [plain.id, 'SUCCEEDED'],
    ],
  );
  const [ofDryRun, ofPlain] = deliveries;
  assert.deepEqual(
    receiver.received.map(({ headers, text }) => [headers['webhook-id'], text]),
    [ofPlain, ofDryRun, ofDryRun].map((of) => [of?.message_id, of?.body]),
  );
  for (const one of receiver.received) assert.ok(isSignedBy(secret, one));
});
