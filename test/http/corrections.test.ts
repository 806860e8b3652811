import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Client,
  CONTENT_TYPE,
  clientOf,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  errorFile,
  executionsPath,
  type Format,
  getExecution,
  runFile,
  upload,
  waitForEnd,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';

type Corrected = ExecutionAnswer & {
  readonly corrects_execution_id?: string;
  readonly repaired?: number | null;
  readonly corrected_by?: readonly { id: string; status: string; repaired: number | null }[];
};

const HEADER = 'operation,user_account_id,segment_technical_name,expiration_duration';
const row = (user: string, segment: string) => `UPDATE,${user},${segment},0`;
const line = (user: string, segment: string) =>
  JSON.stringify({
    ...{
      operation: 'UPDATE',
      user_account_id: user,
      segment_technical_name: segment,
      expiration_duration: 0,
    },
  });

async function open(t: Parameters<typeof startService>[0], settings = {}) {
  const service = await startService(t, settings);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  return service;
}

async function run(service: TestService, of: { id: string; format: Format; body: string; query?: string }) {
  const { id, ...file } = of;
  return waitForEnd(
    service,
    await upload(service, { datamartId: '1', documentImportId: id, ...file }),
  ) as Promise<Corrected>;
}

async function correctionsOf(client: Client, execution: ExecutionAnswer) {
  return ((await getExecution(client, execution)) as Corrected).corrected_by?.map(({ id, repaired }) => [
    id,
    repaired,
  ]);
}

for (const format of ['CSV', 'NDJSON'] as const)
  test(`${format}: a corrected error file says which lines it repairs, and each counts once it is applied`, async (t) => {
    const service = await open(t);
    const id = await createImport(service, { format });
    const users = Array.from({ length: 9 }, (_, i) => `u${i}`);
    const body =
      format === 'CSV'
        ? [HEADER, row('ok', 'vip'), ...users.map((user) => row(user, 'vipp'))].join('\n')
        : [line('ok', 'vip'), ...users.map((user) => line(user, 'vipp'))].join('\n');
    const first = await run(service, { id, format, body });
    assert.equal(first.erroneous_tasks, 9);
    assert.ok(!('corrected_by' in first));
    const errors = await errorFile(service, first);

    // the first six are right now, and one of them stands there twice; the others fail again
    const lines = errors.trimEnd().split('\n');
    const header = format === 'CSV' ? lines.splice(0, 1) : [];
    const corrected = (text: string) =>
      format === 'CSV' ? text.replaceAll(',vipp,', ',vip,') : text.replaceAll(':"vipp"', ':"vip"');
    const better = lines.map((each, i) => (i < 6 ? corrected(each) : each));
    const query = `corrects=${first.id}`;
    const half = await run(service, {
      ...{ id, format, query },
      body: [...header, ...better, better[0] ?? '', ''].join('\n'),
    });
    assert.deepEqual([half.corrects_execution_id, half.repaired, half.erroneous_tasks], [first.id, 6, 3]);
    assert.deepEqual(await correctionsOf(service, first), [[half.id, 6]]);

    // a chain: the lines that failed again are those of the correction
    const rest = corrected(await errorFile(service, half));
    const second = await run(service, { id, format, body: rest, query: `corrects=${half.id}` });
    assert.deepEqual([second.corrects_execution_id, second.repaired], [half.id, 3]);
    assert.deepEqual(await correctionsOf(service, half), [[second.id, 3]]);
    assert.deepEqual(await correctionsOf(service, first), [[half.id, 6]]);
    const listed = await dataOf<Corrected[]>(service.call('GET', '/v1/datamarts/1/executions'));
    assert.deepEqual(listed.find((of) => of.id === first.id)?.corrected_by, [
      { id: half.id, status: 'SUCCEEDED', repaired: 6 },
    ]);

    // without numbers nothing can be told, and foreign ones repair nothing
    const plain = format === 'CSV' ? `${HEADER}\n${row('u1', 'vip')}\n` : `${line('u1', 'vip')}\n`;
    assert.equal((await run(service, { id, format, body: plain, query })).repaired, null);
    const foreign =
      format === 'CSV'
        ? `error_line,${HEADER}\n1,${row('u1', 'vip')}\nx,${row('u2', 'vip')}\n99999999999999999,${row('u3', 'vip')}\n`
        : [{ error_line: 1 }, { error_line: 'x' }, { error_line: 1e300 }, { error_line: { a: 2 } }]
            .map((own) => JSON.stringify({ ...own, ...JSON.parse(line('u1', 'vip')) }))
            .join('\n');
    assert.equal((await run(service, { id, format, body: foreign, query })).repaired, 0);
  });

test('what a correction repairs is what was applied of it: guards, dry runs, reverts, full error files', async (t) => {
  const service = await open(t, { maxErrorFileLines: 3 });
  const id = await createImport(service, { format: 'CSV' });
  const body = [HEADER, ...['a', 'b', 'c', 'd', 'e'].map((user) => row(user, 'nosuch'))].join('\n');
  const failed = await run(service, { id, format: 'CSV', body });
  const numbered = (...rows: [number, string, string][]) =>
    [`error_line,${HEADER}`, ...rows.map(([at, user, segment]) => `${at},${row(user, segment)}`)].join('\n');
  const all = numbered([2, 'a', 'vip'], [3, 'b', 'vip'], [4, 'c', 'vip'], [5, 'd', 'vip']);
  const query = `corrects=${failed.id}`;
  const send = (text: string, more = '') =>
    run(service, { id, format: 'CSV', body: text, query: query + more });

  const dry = await send(all, '&dry_run=true');
  assert.deepEqual([dry.repaired, await correctionsOf(service, failed)], [null, undefined]);
  const guarded = await send(
    numbered([2, 'a', 'vip'], [3, 'b', 'nosuch'], [4, 'c', 'nosuch']),
    '&max_failure_ratio=0.5',
  );
  assert.deepEqual([guarded.status, guarded.repaired], ['FAILED', 0]);
  // the error file was full before line 5, and it is not known to have failed
  const whole = await send(all);
  assert.equal(whole.repaired, 3);
  // of this file the error file is full too: behind its last line nothing is known to be applied
  const full = await send(
    numbered(
      ...[2, 3, 4].map((at): [number, string, string] => [at, 'x', 'nosuch']),
      [2, 'x', 'nosuch'],
      [3, 'y', 'vip'],
    ),
  );
  assert.equal(full.repaired, 0);
  assert.deepEqual(await correctionsOf(service, failed), [
    [guarded.id, 0],
    [whole.id, 3],
    [full.id, 0],
  ]);
  await dataOf(
    service.call('POST', `${executionsPath({ datamartId: '1', documentImportId: id })}/${whole.id}/action`, {
      action: 'REVERT',
    }),
  );
  assert.deepEqual(await correctionsOf(service, failed), [
    [guarded.id, 0],
    [full.id, 0],
  ]);
  const replaced = await send(all, '&mode=replace&max_shrink_ratio=1');
  assert.deepEqual([replaced.status, replaced.repaired], ['SUCCEEDED', 3]);
});

test('a correction is of the same import, by who may write, of what has ended and was applied', async (t) => {
  const service = await open(t);
  const id = await createImport(service, { format: 'CSV' });
  const other = await createImport(service, { format: 'CSV' });
  const body = `${HEADER}\n${row('a', 'nosuch')}\n`;
  const failed = await run(service, { id, format: 'CSV', body });
  const elsewhere = await run(service, { id: other, format: 'CSV', body });
  const dry = await run(service, { id, format: 'CSV', body, query: 'dry_run=true' });
  const good = await run(service, { id, format: 'CSV', body: `${HEADER}\n${row('a', 'vip')}\n` });
  const path = executionsPath({ datamartId: '1', documentImportId: id });
  const revert = await dataOf<{ id: string }>(
    service.call('POST', `${path}/${good.id}/action`, { action: 'REVERT' }),
  );
  const post = (client: Client, corrects: string) =>
    client.call('POST', `${path}?corrects=${encodeURIComponent(corrects)}`, body, {
      'content-type': CONTENT_TYPE.CSV,
    });
  for (const wrong of [elsewhere.id, '999', 'x', "1'; drop table execution"]) {
    const { status, text } = await post(service, wrong);
    assert.equal(status, 400, wrong);
    assert.match(text, /corrects must be the id of an execution of this document import/);
  }
  assert.match((await post(service, dry.id)).text, /a dry run applied nothing/);
  assert.match((await post(service, revert.id)).text, /a revert has no lines/);
  const made = await dataOf<{ value: string }>(
    service.call('POST', '/v1/api_tokens', { name: 'looks', role: 'reader', datamart_ids: ['1'] }),
  );
  assert.equal((await post(clientOf(service.baseUrl, made.value), failed.id)).status, 403);

  const segment = await createSegment(service, { name: 'list', default_ttl: 60_000 });
  const lists = `/v1/datamarts/1/audience_segments/${segment}/user_list_imports`;
  const list = (text: string, query = '') =>
    dataOf<Corrected>(service.call('POST', `${lists}${query}`, text, { 'content-type': 'text/csv' }));
  const untilEnd = async ({ id: of }: { id: string }) => {
    for (;;) {
      const execution = await dataOf<Corrected>(service.call('GET', `${lists}/${of}`));
      if (execution.status !== 'PENDING' && execution.status !== 'RUNNING') return execution;
    }
  };
  const broken = await untilEnd(await list('user_account_id,email_hash\na,b\nc,\n'));
  assert.equal(broken.erroneous_tasks, 1);
  const repaired = await untilEnd(
    await list('error_line,user_account_id,email_hash\n2,a,\n', `?corrects=${broken.id}`),
  );
  assert.equal(repaired.repaired, 1);
});

test('a correction that waits is told of, and one of what has not ended is refused', async (t) => {
  const service = await open(t, { parallelExecutions: 1 });
  const id = await createImport(service, { format: 'CSV' });
  const failed = await runFile(service, 'CSV', `${HEADER}\n${row('a', 'nosuch')}\n`, {
    documentImportId: id,
  });
  const large = [HEADER, ...Array.from({ length: 200_000 }, (_, i) => row(`u${i}`, 'vip'))].join('\n');
  const before = await upload(service, { datamartId: '1', documentImportId: id, format: 'CSV', body: large });
  const path = executionsPath({ datamartId: '1', documentImportId: id });
  const waiting = await upload(service, {
    ...{ datamartId: '1', documentImportId: id, format: 'CSV' as const, query: `corrects=${failed.id}` },
    body: `error_line,${HEADER}\n2,${row('a', 'vip')}\n`,
  });
  const refused = await service.call('POST', `${path}?corrects=${waiting.id}`, `${HEADER}\n`, {
    'content-type': 'text/csv',
  });
  assert.equal(refused.status, 409, refused.text);
  assert.deepEqual(await correctionsOf(service, failed), [[waiting.id, null]]);
  await waitForEnd(service, before);
  await waitForEnd(service, waiting);
  assert.deepEqual(await correctionsOf(service, failed), [[waiting.id, 1]]);
});
