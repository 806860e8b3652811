import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  errorFile,
  getSegment,
  membershipsOf,
  runFile,
} from '../client.ts';
import { startService } from '../helper.ts';

test('files that were joined, or written by a spreadsheet, make the users that they name and no others', async (t) => {
  const service = await startService(t);
  const until = Date.now() + 86_400_000;

  await t.test('commands: a blank before a quote costs neither the data bag nor the expiry', async () => {
    const segment = await createSegment(service, { name: 'spreadsheet' });
    const header = 'operation, "user_agent_id", "segment_id", "data_bag", "expiration_ts"';
    const rows = [
      `UPDATE, "u8",${segment}, "{""a"":1}" , "${until}"`,
      ',,,,',
      header,
      `UPDATE,u9,${segment},,0`,
    ];
    const text = ['sep=,', `\ufeff${header}`, ...rows, ''].join('\r\n');
    const execution = await runFile(service, 'CSV', text);
    assert.deepEqual([execution.result.total_success, execution.result.total_failure], [2, 1]);
    assert.match(await errorFile(service, execution), /\n5,INVALID_CSV,the header again/);
    const [membership] = (await membershipsOf(service, 'user_agent_id=u8')) ?? [];
    assert.equal(membership?.expiration_ts, until);
    assert.equal(membership?.data_bag, '{"a":1}');
    assert.equal((await getSegment(service, segment)).user_points_count, 2);
  });

  await t.test('a list of users has no user called user_account_id', async () => {
    const segment = await createSegment(service, { name: 'list' });
    const path = `/v1/datamarts/1/audience_segments/${segment}/user_list_imports`;
    const text = 'user_account_id\nu1\n\ufeffUSER_ACCOUNT_ID\n \n\ufeffu2\n';
    await dataOf(service.call('POST', path, text, { 'content-type': 'text/csv' }));
    const execution = await endOf(service, path);
    assert.match(await errorFile(service, execution), /^[^\n]*\n3,INVALID_CSV,the header again[^\n]*\n$/);
    assert.equal((await getSegment(service, segment)).user_points_count, 2);
    for (const user of ['u1', 'u2'])
      assert.equal((await membershipsOf(service, `user_account_id=${user}`))?.length, 1, user);
  });

  await t.test('a file of open quotes takes no longer than its bytes', async () => {
    // a megabyte: readers that look ahead from each row again take many minutes
    const text = `operation,user_account_id\n${'x",",\n'.repeat(175_000)}`;
    const execution = await runFile(service, 'CSV', text);
    assert.equal(execution.result.total_failure, 175_000);
  });
});

/** The one execution of a list, when it has ended. */
async function endOf(client: Client, path: string): Promise<ExecutionAnswer> {
  for (;;) {
    const [execution] = await dataOf<ExecutionAnswer[]>(client.call('GET', path));
    if (execution?.status === 'SUCCEEDED') return execution;
    assert.ok(execution !== undefined && ['PENDING', 'RUNNING'].includes(execution.status));
    await sleep(20);
  }
}
