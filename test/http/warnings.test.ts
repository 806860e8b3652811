import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  type Format,
  runFile,
  upload,
  waitForEnd,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';

const DAY_MS = 86_400_000;
const ADDRESS = 'ada.lovelace@analytical.example';

type Warning = {
  readonly line: number | null;
  readonly code: string;
  readonly message: string;
  readonly field: string | null;
};

let service: TestService;
const cleanups: (() => Promise<void> | void)[] = [];
before(async () => {
  const t = { after: (cleanup: () => Promise<void>) => cleanups.unshift(cleanup), passed: true };
  // chunks of so few rows that a file has several; one service for all tests of this file
  service = await startService(t as never, { chunkRows: 20 });
});
after(async () => {
  for (const cleanup of cleanups) await cleanup();
});

/** A datamart with a segment of its own. */
async function createWorld() {
  const { id: datamartId } = await dataOf<{ id: string }>(
    service.call('POST', '/v1/datamarts', { name: 'warnings', organisation_id: '1', time_zone: 'UTC' }),
  );
  const segmentId = await createSegment(service, { name: 'vip', datamart_id: datamartId });
  return { datamartId, segmentId };
}

async function warningsOf(execution: ExecutionAnswer, query = ''): Promise<readonly Warning[]> {
  const { datamart_id, document_import_id } = execution.parameters;
  const path = executionsPath({
    datamartId: String(datamart_id),
    documentImportId: String(document_import_id),
  });
  return dataOf(service.call('GET', `${path}/${execution.id}/warnings?${query}`));
}

/** What is told of the lines of a file, without the texts. */
async function told(execution: ExecutionAnswer) {
  const warnings = await warningsOf(execution);
  return warnings.map(({ line, code, field }) => `${line} ${code} ${field}`);
}

/** The same commands in each format. */
function write(format: Format, commands: readonly Record<string, unknown>[]): string {
  if (format === 'NDJSON') return commands.map((command) => `${JSON.stringify(command)}\n`).join('');
  const names = [...new Set(commands.flatMap((command) => Object.keys(command)))];
  const rows = commands.map((command) =>
    names.map((name) => (command[name] === undefined ? '' : `"${String(command[name])}"`)).join(','),
  );
  return `${[names.join(','), ...rows].join('\n')}\n`;
}

for (const format of ['NDJSON', 'CSV'] as const) {
  const first = format === 'CSV' ? 2 : 1;

  test(`${format}: identifiers and expiries that are probably meant otherwise are told of by line`, async () => {
    const { datamartId, segmentId } = await createWorld();
    const plain = { operation: 'UPDATE', segment_id: segmentId, expiration_ts: 0 };
    const commands = [
      { ...plain, user_account_id: 'u1' },
      { ...plain, user_account_id: ADDRESS },
      { ...plain, user_agent_id: `mailto:${ADDRESS}` },
      { ...plain, user_account_id: 'u2 ' },
      { ...plain, user_agent_id: ' v3' },
      { ...plain, email_hash: '\tAB12CD34' },
      { ...plain, user_account_id: '123.0' },
      { ...plain, user_account_id: '1.23E+15' },
      { ...plain, user_account_id: '1234567890.1600000000' },
      { ...plain, email_hash: 'ABCDEF0123456789ABCDEF0123456789' },
      { ...plain, email_hash: 'abcdef0123456789abcdef0123456789' },
      { ...plain, user_account_id: 'u3', expiration_ts: Date.now() + 3660 * DAY_MS },
      { ...plain, user_account_id: 'u4', expiration_ts: '', expiration_duration: 3660 * 1440 },
      { ...plain, user_account_id: 'u5', expiration_ts: Date.now() + 3640 * DAY_MS },
      { ...plain, operation: 'DELETE', user_account_id: 'u5', expiration_ts: Date.now() + 9999 * DAY_MS },
      { ...plain, operation: 'DELETE', user_account_id: 'u6 ' },
      { ...plain, segment_id: '404', user_account_id: 'fails ' },
      { ...plain, email_hash: ADDRESS },
    ];
    const execution = await runFile(service, format, write(format, commands), { datamartId });
    assert.equal(execution.status, 'SUCCEEDED', JSON.stringify(execution));
    assert.deepEqual([execution.result.total_success, execution.result.total_failure], [16, 2]);
    assert.deepEqual(execution.result.warnings, {
      LOOKS_LIKE_EMAIL: 2,
      SURROUNDING_BLANKS: 4,
      LOOKS_LIKE_FLOAT: 2,
      HASH_IN_CAPITALS: 2,
      FAR_EXPIRY: 2,
    });
    const at = (index: number, code: string, field: string) => `${first + index} ${code} ${field}`;
    assert.deepEqual(await told(execution), [
      at(1, 'LOOKS_LIKE_EMAIL', 'user_account_id'),
      at(2, 'LOOKS_LIKE_EMAIL', 'user_agent_id'),
      at(3, 'SURROUNDING_BLANKS', 'user_account_id'),
      at(4, 'SURROUNDING_BLANKS', 'user_agent_id'),
      at(5, 'SURROUNDING_BLANKS', 'email_hash'),
      at(15, 'SURROUNDING_BLANKS', 'user_account_id'),
      at(6, 'LOOKS_LIKE_FLOAT', 'user_account_id'),
      at(7, 'LOOKS_LIKE_FLOAT', 'user_account_id'),
      at(5, 'HASH_IN_CAPITALS', 'email_hash'),
      at(9, 'HASH_IN_CAPITALS', 'email_hash'),
      at(11, 'FAR_EXPIRY', 'expiration_ts'),
      at(12, 'FAR_EXPIRY', 'expiration_duration'),
    ]);
    const texts = JSON.stringify(await warningsOf(execution));
    assert.match(texts, /ends in a blank/);
    assert.match(texts, /begins with a blank/);
    for (const secret of ['ada', 'analytical', 'AB12CD34', '1.23E+15"']) assert.ok(!texts.includes(secret));
  });

  test(`${format}: unknown names are told of once, with the field that was probably meant`, async () => {
    const { datamartId, segmentId } = await createWorld();
    const commands = Array.from({ length: 12 }, (_, i) => ({
      operation: 'UPDATE',
      user_account_id: `u${i}`,
      segment_id: segmentId,
      expiration_ts: 0,
      userAgentId: 'x',
      'Customer name': 'y',
      expiration_duraton: 7,
      ...{ error_line: 3, error_code: 'UNKNOWN_SEGMENT', error_message: 'm', error_raw: '{' },
      [`${ADDRESS}`]: 'glued',
      data_bag: '{}',
    }));
    const execution = await runFile(service, format, write(format, commands), { datamartId });
    assert.equal(execution.result.total_success, 12, JSON.stringify(execution));
    assert.deepEqual(execution.result.warnings, { UNKNOWN_FIELD: 4 });
    const warnings = await warningsOf(execution);
    assert.deepEqual(
      warnings.map(({ line, code, field }) => [line, code, field]),
      ['userAgentId', 'Customer name', 'expiration_duraton', '***@***'].map((field) => [
        1,
        'UNKNOWN_FIELD',
        field,
      ]),
    );
    assert.match(warnings[0]?.message ?? '', /did you mean user_agent_id\?/);
    assert.doesNotMatch(warnings[1]?.message ?? '', /did you mean/);
    assert.match(warnings[2]?.message ?? '', /did you mean expiration_duration\?/);
  });

  test(`${format}: a misspelt name is told of where it makes every line fail, too`, async () => {
    const { datamartId, segmentId } = await createWorld();
    const commands = [
      { operation: 'UPDATE', user_account_id: 'u', segement_id: segmentId, expiration_ts: 0 },
    ];
    const execution = await runFile(service, format, write(format, commands), { datamartId });
    assert.deepEqual(execution.result.failures_by_code, { MISSING_SEGMENT: 1 });
    assert.deepEqual(await told(execution), ['1 UNKNOWN_FIELD segement_id']);
  });

  test(`${format}: all of a file's warnings are counted and the first 20 lines of a code are listed, in pages`, async () => {
    const { datamartId, segmentId } = await createWorld();
    const commands = Array.from({ length: 63 }, (_, i) => ({
      ...{ operation: 'UPDATE', user_account_id: `u${i} `, segment_id: segmentId, expiration_ts: 0 },
    }));
    const body = write(format, commands);
    const dry = await runFile(service, format, body, { datamartId, query: 'dry_run=true' });
    const replaced = await runFile(service, format, body, {
      datamartId,
      query: 'mode=replace&max_shrink_ratio=1&max_failure_ratio=0',
    });
    const run = await runFile(service, format, body, { datamartId });
    const lines = Array.from({ length: 20 }, (_, i) => `${first + i} SURROUNDING_BLANKS user_account_id`);
    for (const execution of [dry, replaced, run]) {
      assert.equal(execution.status, 'SUCCEEDED', JSON.stringify(execution));
      assert.deepEqual(execution.result.warnings, { SURROUNDING_BLANKS: 63 });
      assert.deepEqual(await told(execution), lines);
    }
    const { datamart_id, document_import_id } = run.parameters;
    const path = executionsPath({
      datamartId: String(datamart_id),
      documentImportId: String(document_import_id),
    });
    const { json } = await service.call('GET', `${path}/${run.id}/warnings?first_result=18&max_results=5`);
    const { data, ...page } = json as { data: Warning[] };
    assert.deepEqual(page, { status: 'ok', count: 2, first_result: 18, max_results: 5, total: 20 });
    assert.deepEqual(
      data.map(({ line }) => line),
      [first + 18, first + 19],
    );
  });

  test(`${format}: at most 100 unknown names are counted`, async () => {
    const { datamartId, segmentId } = await createWorld();
    const names = (from: number) =>
      Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`my_column_${from + i}`, 'x']));
    const plain = { operation: 'UPDATE', user_account_id: 'u', segment_id: segmentId, expiration_ts: 0 };
    const commands = [
      { ...plain, ...names(0) },
      ...Array.from({ length: 8 }, () => plain),
      { ...plain, ...names(40) },
      { ...plain, ...names(120) },
    ];
    const execution = await runFile(service, format, write(format, commands), { datamartId });
    assert.deepEqual(execution.result.warnings, { UNKNOWN_FIELD: 100 });
    assert.equal((await warningsOf(execution)).length, 20);
  });
}

test('a file that was sent before is told of, by the execution that had it', async () => {
  const { datamartId, segmentId } = await createWorld();
  const documentImportId = await createImport(service, { format: 'NDJSON', datamartId });
  const of = { datamartId, documentImportId };
  const line = { operation: 'UPDATE', segment_id: segmentId, expiration_ts: 0 };
  const good = write('NDJSON', [{ ...line, user_account_id: 'u' }]);
  const bad = write('NDJSON', [{ ...line, user_account_id: 'u' }, line]);
  const run = (body: string, query = '') => runFile(service, 'NDJSON', body, { ...of, query });
  const earlier = async (execution: ExecutionAnswer) => {
    const [warning] = await warningsOf(execution);
    assert.equal(execution.result.warnings.SAME_FILE_AS ?? 0, warning === undefined ? 0 : 1);
    return /execution (\d+)/.exec(warning?.message ?? '')?.[1];
  };

  assert.equal(await earlier(await run(good, 'dry_run=true')), undefined);
  // the rehearsal of a file is no earlier run of it
  const first = await run(good);
  assert.equal(await earlier(first), undefined);
  assert.equal(await earlier(await run(good, 'dry_run=true')), first.id);
  const second = await run(good, 'mode=replace');
  assert.equal(await earlier(second), first.id);
  assert.equal(await earlier(await runFile(service, 'NDJSON', good, { datamartId })), undefined);

  // what failed or was taken back is sent again for a reason
  assert.equal((await run(bad, 'max_failure_ratio=0')).status, 'FAILED');
  const third = await run(bad);
  assert.equal(await earlier(third), undefined);
  const revert = await service.call('POST', `${executionsPath(of)}/${second.id}/action`, {
    action: 'REVERT',
  });
  if (revert.status === 200) await waitForEnd(service, (revert.json as { data: ExecutionAnswer }).data);
  const fourth = await run(good);
  assert.equal(await earlier(fourth), revert.status === 200 ? first.id : second.id);

  // files that are claimed together see one another
  const sent = await Promise.all(
    Array.from({ length: 3 }, () => upload(service, { ...of, format: 'NDJSON', body: `\n${good}` })),
  );
  const ended = await Promise.all(sent.map((execution) => waitForEnd(service, execution)));
  ended.sort((a, b) => Number(a.id) - Number(b.id));
  assert.deepEqual(await Promise.all(ended.map(earlier)), [undefined, ended[0]?.id, ended[1]?.id]);
});

test('a header without rows is told of', async () => {
  const { datamartId } = await createWorld();
  const body = 'operation,user_account_id,segment_id,expiration_ts\n\n';
  const execution = await runFile(service, 'CSV', body, { datamartId });
  assert.equal(execution.status, 'SUCCEEDED', JSON.stringify(execution));
  assert.deepEqual(execution.result.warnings, { NO_COMMANDS: 1 });
  assert.deepEqual(await told(execution), ['null NO_COMMANDS null']);
});

test('unknown columns are told of with the line of the header', async () => {
  const { datamartId, segmentId } = await createWorld();
  const body = `sep=;\noperation;"no\nte";user_account_id;segment_id;expiration_ts\nUPDATE;x;u ;${segmentId};0\n`;
  const execution = await runFile(service, 'CSV', body, { datamartId });
  assert.deepEqual(await told(execution), ['2 UNKNOWN_FIELD no\nte', '4 SURROUNDING_BLANKS user_account_id']);
});

test('what a guard refuses has its warnings, too', async () => {
  const { datamartId, segmentId } = await createWorld();
  const line = { operation: 'UPDATE', segment_id: segmentId, expiration_ts: 0 };
  const body = write('NDJSON', [{ ...line, user_account_id: 'u ' }, line]);
  const execution = await runFile(service, 'NDJSON', body, { datamartId, query: 'max_failure_ratio=0' });
  assert.equal(execution.status, 'FAILED');
  assert.deepEqual(await told(execution), ['1 SURROUNDING_BLANKS user_account_id']);
});

test('lists of users for one segment have warnings of their own', async () => {
  const { datamartId, segmentId } = await createWorld();
  const path = `/v1/datamarts/${datamartId}/audience_segments/${segmentId}/user_list_imports`;
  const form = () => {
    const parts = new FormData();
    parts.set('file', new Blob([`user_account_id;Segment\n${ADDRESS};x\n u;y\n`]), 'list.csv');
    return parts;
  };
  const send = async () => {
    const answer = await fetch(`${service.baseUrl}${path}`, {
      method: 'POST',
      headers: { authorization: service.token },
      body: form(),
    });
    return ((await answer.json()) as { data: ExecutionAnswer }).data;
  };
  const first = await send();
  const second = await send();
  for (;;) {
    const { status } = await dataOf<ExecutionAnswer>(service.call('GET', `${path}/${second.id}`));
    if (status === 'SUCCEEDED') break;
    assert.ok(status === 'PENDING' || status === 'RUNNING', status);
    await sleep(5);
  }
  const warnings = await dataOf<Warning[]>(service.call('GET', `${path}/${second.id}/warnings`));
  assert.deepEqual(
    warnings.map(({ line, code, field }) => `${line} ${code} ${field}`),
    [
      'null SAME_FILE_AS null',
      '1 UNKNOWN_FIELD Segment',
      '2 LOOKS_LIKE_EMAIL user_account_id',
      '3 SURROUNDING_BLANKS user_account_id',
    ],
  );
  assert.match(warnings[0]?.message ?? '', new RegExp(`execution ${first.id} `));
  // a list of users for one segment has no column for it
  assert.doesNotMatch(warnings[1]?.message ?? '', /did you mean/);
});
