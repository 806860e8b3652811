import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createSegment, dataOf, runFile } from '../client.ts';
import { startService } from '../helper.ts';
import { startReceiver } from '../receiver.ts';

const IMPORTS = '/v1/datamarts/1/document_imports';
/** Due times are looked at as often as the store is swept, and at most every 5 s. */
const SETTINGS = { webhookAllowPrivate: true, sweepIntervalMs: 20 } as const;

type Expected = {
  readonly state: string;
  readonly due_ts: number;
  readonly last_due_ts: number | null;
  readonly missed: number;
  readonly last_execution_id: string | null;
  readonly last_commands: number | null;
  readonly usual_commands: number | null;
  readonly problems: readonly string[];
};
type ImportAnswer = { readonly id: string; readonly expect?: object; readonly expected?: Expected };

const at = (text: string) => Date.parse(text);
const DAILY = { every: '1d', by: '06:00', time_zone: 'Europe/Paris' };

async function createExpecting(client: Client, expect: object): Promise<ImportAnswer> {
  const body = { name: 'CRM nightly', mime_type: 'APPLICATION_X_NDJSON', expect };
  return dataOf(client.call('POST', IMPORTS, body));
}

async function expectedOf(client: Client, id: string): Promise<Expected | undefined> {
  return (await dataOf<ImportAnswer>(client.call('GET', `${IMPORTS}/${id}`))).expected;
}

/** Waits until files are in a state. */
async function untilState(client: Client, id: string, state: string, missed = 0): Promise<Expected> {
  for (let tries = 0; ; tries++) {
    const expected = await expectedOf(client, id);
    if (expected?.state === state && expected.missed === missed) return expected;
    assert.ok(tries < 500, `expected ${state}, it is ${JSON.stringify(expected)}`);
    await sleep(10);
  }
}

async function createHook(client: Client, url: string, events?: readonly string[]): Promise<void> {
  await dataOf(client.call('POST', '/v1/datamarts/1/webhooks', { url, events }));
}

const lines = (count: number, broken = 0) =>
  Array.from({ length: count }, (_, i) =>
    JSON.stringify({
      ...{ operation: 'UPDATE', user_account_id: `u${i}`, expiration_duration: 0 },
      segment_technical_name: i < broken ? 'nowhere' : 'vip',
    }),
  ).join('\n');

test('a file that does not come is told of once as late and once as missing, over restarts too', async (t) => {
  let now = at('2026-03-27T12:00Z');
  const service = await startService(t, SETTINGS, () => now);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const receiver = await startReceiver(t);
  await createHook(service, receiver.url, ['document_import.late', 'document_import.missing']);
  const { id, expected } = await createExpecting(service, DAILY);
  const told = () => receiver.received.map(({ body }) => [body.type, body.data.due_ts]);
  assert.deepEqual([expected?.state, expected?.due_ts], ['WAITING', at('2026-03-28T05:00Z')]);

  now = at('2026-03-28T05:00:11Z');
  await receiver.until(1);
  const late = ['document_import.late', at('2026-03-28T05:00Z')];
  assert.deepEqual(told(), [late]);
  // clocks are put forward in the night after
  assert.equal((await untilState(service, id, 'LATE')).due_ts, at('2026-03-29T04:00Z'));
  await service.stop();
  const again = await startService(t, { ...service.config }, () => now);
  await sleep(200);
  assert.deepEqual(told(), [late]);

  now = at('2026-03-29T04:00:11Z');
  await receiver.until(3);
  const missing = ['document_import.missing', at('2026-03-28T05:00Z')];
  assert.deepEqual(told(), [late, missing, ['document_import.late', at('2026-03-29T04:00Z')]]);
  assert.equal(receiver.received[1]?.body.data.missed, 1);
  assert.equal(receiver.received[1]?.body.data.document_import_id, id);
  await untilState(again, id, 'MISSING', 1);
  const metrics = await (await fetch(`${again.baseUrl}/metrics`)).text();
  assert.match(metrics, /^muster_expecting_imports\{state="MISSING"\} 1$/m);
  const activity = await dataOf<{ expected_files: (Expected & { document_import_name: string })[] }>(
    again.call('GET', '/v1/datamarts/1/activity'),
  );
  assert.deepEqual(
    activity.expected_files.map((of) => [of.document_import_name, of.state, of.missed]),
    [['CRM nightly', 'MISSING', 1]],
  );

  const run = () => runFile(again, 'NDJSON', lines(1), { documentImportId: id });
  now += 60_000;
  await run();
  assert.equal((await expectedOf(again, id))?.state, 'CAME_LATE');
  // that one was yesterday's
  now = at('2026-03-30T04:00:11Z');
  await receiver.until(4);
  assert.deepEqual(told()[3], ['document_import.late', at('2026-03-30T04:00Z')]);
  now += 60_000;
  await run();
  const { id: last } = await run();
  now = at('2026-03-31T04:00:11Z');
  const onTime = await untilState(again, id, 'ON_TIME');
  assert.deepEqual([onTime.last_execution_id, onTime.last_due_ts], [last, at('2026-03-31T04:00Z')]);
  await sleep(100);
  assert.equal(receiver.received.length, 4);
});

test('dry runs, failed files and reverts are not the file that is due; one before the schedule is', async (t) => {
  let now = at('2026-11-02T03:00Z');
  const service = await startService(t, SETTINGS, () => now);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const idOf = async (expect?: object) =>
    (
      await dataOf<ImportAnswer>(
        service.call('POST', IMPORTS, { name: 'n', mime_type: 'APPLICATION_X_NDJSON', expect }),
      )
    ).id;
  const hourly = { every: '1h', by: '00:30', time_zone: 'UTC' };
  const early = await idOf();
  const waiting = await idOf(hourly);
  now = at('2026-11-02T03:40Z');
  const send = (documentImportId: string, query = '', text = lines(1)) =>
    runFile(service, 'NDJSON', text, { documentImportId, query });
  const { id: reverted } = await send(early);
  await dataOf(
    service.call('POST', `${IMPORTS}/${early}/executions/${reverted}/action`, { action: 'REVERT' }),
  );
  await untilState(service, waiting, 'LATE');
  await send(waiting, 'dry_run=true');
  assert.equal((await send(waiting, 'max_failure_ratio=0', lines(2, 1))).status, 'FAILED');
  assert.equal((await expectedOf(service, waiting))?.last_execution_id, null);
  now = at('2026-11-02T04:00Z');
  await dataOf(service.call('PUT', `${IMPORTS}/${early}`, { expect: hourly }));
  now = at('2026-11-02T04:30:11Z');
  assert.equal((await untilState(service, early, 'ON_TIME')).last_execution_id, reverted);
  await untilState(service, waiting, 'MISSING', 1);
});

test('a file of an unusual size, and one with many failures, are told of beside their ends', async (t) => {
  const service = await startService(t, SETTINGS);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const receiver = await startReceiver(t);
  const limits = { min_commands: 3, max_change: 0.5, max_failure_ratio: 0.2 };
  const { id } = await createExpecting(service, { ...DAILY, ...limits });
  const send = async (text: string, query = '') => {
    const { id: execution } = await runFile(service, 'NDJSON', text, { documentImportId: id, query });
    const expected = await expectedOf(service, id);
    return { execution, problems: expected?.problems, usual: expected?.usual_commands };
  };
  // too few came before it to say what is usual
  for (const count of [10, 30, 20]) assert.deepEqual((await send(lines(count))).problems, []);
  await createHook(service, receiver.url, ['execution.unusual_size', 'execution.many_failures']);
  const small = await send(lines(9));
  assert.deepEqual([small.problems, small.usual], [['UNUSUAL_SIZE'], 20]);
  const few = await send(lines(2));
  assert.deepEqual([few.problems, few.usual], [['UNUSUAL_SIZE'], 15]);
  assert.deepEqual((await send(lines(12, 2))).problems, []);
  const failing = await send(lines(12, 3));
  assert.deepEqual(failing.problems, ['MANY_FAILURES']);
  await send(lines(1), 'dry_run=true');
  assert.match(
    await (await fetch(`${service.baseUrl}/metrics`)).text(),
    /^muster_unexpected_files\{problem="MANY_FAILURES"\} 1$/m,
  );
  const both = await send(lines(50, 50));
  assert.deepEqual(both.problems, ['UNUSUAL_SIZE', 'MANY_FAILURES']);
  await receiver.until(5);
  await sleep(100);
  assert.deepEqual(
    receiver.received.map(({ body: { type, data } }) => [type, data.execution_id]),
    [
      ['execution.unusual_size', small.execution],
      ['execution.unusual_size', few.execution],
      ['execution.many_failures', failing.execution],
      ['execution.unusual_size', both.execution],
      ['execution.many_failures', both.execution],
    ],
  );
  const data: Readonly<Record<string, unknown>> = receiver.received[0]?.body.data ?? {};
  assert.deepEqual(data.expected, { ...limits, usual_commands: 20 });
  assert.deepEqual([data.status, data.num_tasks], ['SUCCEEDED', 9]);
});

test('what is expected is shown, changed as a whole, begins anew with another schedule, and goes with null', async (t) => {
  let now = at('2026-11-30T12:00Z');
  const service = await startService(t, SETTINGS, () => now);
  await dataOf(service.call('PUT', '/v1/datamarts/1', { time_zone: 'Asia/Tokyo' }));
  const { id, expect } = await createExpecting(service, { every: '1w', by: '23:00', on: ['TUE'] });
  assert.deepEqual(expect, {
    ...{ every: '1w', by: '23:00', on: ['TUE'], time_zone: 'Asia/Tokyo' },
    ...{ min_commands: null, max_change: null, max_failure_ratio: null },
  });
  const put = (body: object) => dataOf<ImportAnswer>(service.call('PUT', `${IMPORTS}/${id}`, body));
  now = at('2026-12-01T14:00:11Z');
  await untilState(service, id, 'LATE');
  assert.equal((await put({ name: 'other' })).expected?.state, 'LATE');
  const limited = await put({ expect: { every: '1w', by: '23:00', on: ['TUE'], min_commands: 5 } });
  assert.equal(limited.expected?.state, 'LATE');
  const other = await put({ expect: { every: '1w', by: '23:30', on: ['TUE'] } });
  assert.deepEqual([other.expected?.state, other.expected?.due_ts], ['WAITING', at('2026-12-01T14:30Z')]);
  const listed = await dataOf<ImportAnswer[]>(service.call('GET', `${IMPORTS}?last_execution=true`));
  assert.deepEqual(listed[0]?.expected, other.expected);
  const removed = await put({ expect: null });
  assert.ok(!('expect' in removed) && !('expected' in removed));

  const refusals: readonly (readonly [object, RegExp])[] = [
    [{ by: '06:00' }, /every/],
    [{ every: '1d' }, /by/],
    [{ every: '5h', by: '06:00' }, /every must be one of 1h, 2h/],
    [{ every: '0d', by: '06:00' }, /every must/],
    [{ every: '40d', by: '06:00' }, /every must/],
    [{ every: '1d', by: '24:00' }, /by must be a time of the day/],
    [{ every: '1d', by: '6:00' }, /by must be a time of the day/],
    [{ every: '1d', by: '06:00', time_zone: 'Mars/Olympus' }, /Mars\/Olympus/],
    [{ every: '1d', by: '06:00', on: ['MONDAY'] }, /on/],
    [{ every: '1d', by: '06:00', on: [] }, /on must have a day/],
    [{ every: '2d', by: '06:00', on: ['MON'] }, /cannot be given with days that are counted/],
    [{ every: '1w', by: '06:00', on: ['MON', 'TUE'] }, /on must be one day/],
    [{ every: '1d', by: '06:00', min_commands: 0 }, /min_commands/],
    [{ every: '1d', by: '06:00', max_change: -1 }, /max_change/],
    [{ every: '1d', by: '06:00', max_failure_ratio: 1.5 }, /max_failure_ratio/],
  ];
  for (const [wrong, message] of refusals) {
    const { status, text } = await service.call('PUT', `${IMPORTS}/${id}`, { expect: wrong });
    assert.equal(status, 400, JSON.stringify(wrong));
    assert.match(text, message);
  }
});
