import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
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

const DAY_MS = 86_400_000;
const ADDRESS = 'ada.lovelace@analytical.example';

type FailedLine = {
  readonly error_line: number;
  readonly error_code: string;
  readonly error_message: string;
  readonly raw: string;
};

function pathOf({ id, parameters }: ExecutionAnswer): string {
  const { datamart_id, document_import_id } = parameters;
  const of = { datamartId: String(datamart_id), documentImportId: String(document_import_id) };
  return `${executionsPath(of)}/${id}/errors`;
}

async function failedLines(service: TestService, execution: ExecutionAnswer, query = '') {
  return dataOf<readonly FailedLine[]>(service.call('GET', `${pathOf(execution)}?${query}`));
}

const HEADER = 'operation,user_account_id,email_hash,segment_id,expiration_ts,data_bag';

test('the first failed lines of an execution are listed as its error file has them', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'vip' });

  await t.test('NDJSON', async () => {
    const good = { operation: 'UPDATE', user_account_id: 'u', segment_id: segmentId, expiration_ts: 0 };
    const lines = [
      JSON.stringify(good),
      `{"operation":"UPDATE","email_hash":"${ADDRESS}","segment_id":"${segmentId}","expiration_ts":0}`,
      'no "JSON" {',
      '{"operation": "UPDATE", "user_account_id": 9007199254740993000,',
      ' "segment_id": "404", "expiration_ts": 0}',
      JSON.stringify({ ...good, error_raw: 'x', data_bag: '{' }),
      JSON.stringify({ ...good, segment_id: '404', data_bag: { text: 'é'.repeat(20_000) } }),
    ];
    const execution = await runFile(service, 'NDJSON', lines.join('\n'));
    const failed = await failedLines(service, execution);
    assert.deepEqual(
      failed.map(({ error_line, error_code }) => [error_line, error_code]),
      [
        [2, 'CLEAR_EMAIL'],
        [3, 'INVALID_JSON'],
        [4, 'UNKNOWN_SEGMENT'],
        [6, 'INVALID_DATA_BAG'],
        [7, 'UNKNOWN_SEGMENT'],
      ],
    );
    assert.deepEqual(
      failed.slice(0, 4).map(({ raw }) => raw),
      [
        `{"operation":"UPDATE","email_hash":"***@***","segment_id":"${segmentId}","expiration_ts":0}`,
        'no "JSON" {',
        '{"operation": "UPDATE","user_account_id": 9007199254740993000,"segment_id": "404","expiration_ts": 0}',
        JSON.stringify({ ...good, error_raw: 'x', data_bag: '{' }),
      ],
    );
    assert.equal(failed[4]?.raw.length, 8193);
    assert.match(failed[4]?.raw ?? '', /é…$/);
    const messages = (await errorFile(service, execution))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).error_message);
    assert.deepEqual(
      failed.map(({ error_message }) => error_message),
      messages,
    );
  });

  for (const separator of [',', ';', '\t']) {
    await t.test(`CSV, separated by ${JSON.stringify(separator)}`, async () => {
      const row = (...cells: string[]) => cells.join(separator);
      const body = [
        HEADER.replaceAll(',', separator),
        row('UPDATE', 'u', '', segmentId, '0', ''),
        row('UPDATE', '', ADDRESS, segmentId, '0', ''),
        row('UPDATE', `"a ""${separator}""`, 'b"', '', '404', '0'),
        row('UPDATE', `"x${separator}`, 'y"', '', segmentId, '0', '', '', 'z'),
        row('UPDATE', '"open', '', segmentId, '0', ''),
      ].join('\n');
      const execution = await runFile(service, 'CSV', body);
      const failed = await failedLines(service, execution);
      assert.equal(failed.length, execution.result.total_failure);
      const byCode: Record<string, number> = {};
      for (const { error_code: code } of failed) byCode[code] = (byCode[code] ?? 0) + 1;
      assert.deepEqual(byCode, execution.result.failures_by_code);
      assert.deepEqual(
        [failed[0]?.error_line, failed[0]?.error_code, failed[0]?.raw],
        [3, 'CLEAR_EMAIL', row('UPDATE', '', '***@***', segmentId, '0', '')],
      );
      assert.equal(failed.at(-1)?.raw, row('UPDATE', '"open', '', segmentId, '0', ''));
    });
  }

  await t.test('CSV whose separator is named above its header', async () => {
    // with commas the columns would be more, so that the error file names the separator too
    const body =
      'sep=;\noperation;user_account_id;a,b,c,d,e,f,g;segment_id;expiration_ts\nUPDATE;u;x;404;0\n';
    const [failed] = await failedLines(service, await runFile(service, 'CSV', body));
    assert.deepEqual(
      [failed?.error_line, failed?.error_code, failed?.raw],
      [3, 'UNKNOWN_SEGMENT', 'UPDATE;u;x;404;0'],
    );
  });

  await t.test('a hundred of them, in pages, whatever the format', async () => {
    for (const format of ['NDJSON', 'CSV'] as const) {
      const execution = await runFile(service, format, badFile(format, 130));
      const first = format === 'CSV' ? 2 : 1;
      const { json } = await service.call(
        'GET',
        `${pathOf(execution)}?first_result=95&max_results=2147483647`,
      );
      const { data, ...page } = json as { data: FailedLine[] };
      assert.deepEqual(page, { status: 'ok', count: 5, first_result: 95, max_results: 1000, total: 100 });
      assert.deepEqual(
        data.map(({ error_line }) => error_line),
        [95, 96, 97, 98, 99].map((line) => first + line),
      );
      assert.equal((await failedLines(service, execution)).length, 50);
      assert.deepEqual(await failedLines(service, execution, 'first_result=1000'), []);
    }
  });

  await t.test('those with one code, wherever in the file they stand', async () => {
    for (const format of ['NDJSON', 'CSV'] as const) {
      // the code stands in values of other lines too, and those are not meant
      const odd =
        format === 'CSV'
          ? 'INVALID_OPERATION,u,,404,0,'
          : badFile('NDJSON', 1).replace('u0', 'INVALID_OPERATION').trim();
      const late = format === 'CSV' ? 'ADD,late,,404,0,' : '{"operation":"ADD","user_account_id":"late"}';
      const many = badFile(format, 3_000);
      const execution = await runFile(service, format, `${many}${odd}\n${late}\n`);
      const found = await failedLines(service, execution, 'error_code=INVALID_OPERATION');
      const expected = format === 'CSV' ? ['INVALID_OPERATION', 'ADD'] : ['ADD'];
      assert.deepEqual(
        found.map(({ error_code, raw }) => [error_code, expected.some((word) => raw.includes(word))]),
        expected.map(() => ['INVALID_OPERATION', true]),
      );
      assert.match(found.at(-1)?.raw ?? '', /late/);
      assert.deepEqual(await failedLines(service, execution, 'error_code=CLEAR_EMAIL'), []);
      const first = await failedLines(service, execution, 'error_code=UNKNOWN_SEGMENT&max_results=1000');
      assert.equal(first.length, 100);
      const page = await failedLines(service, execution, 'error_code=UNKNOWN_SEGMENT&first_result=99');
      assert.deepEqual(page, first.slice(99));
      const wrong = await service.call('GET', `${pathOf(execution)}?error_code=NO_SUCH`);
      assert.equal(wrong.status, 400);
    }
  });

  await t.test('none of an execution without any', async () => {
    const body = JSON.stringify({
      operation: 'UPDATE',
      user_account_id: 'u',
      segment_id: segmentId,
      expiration_ts: 0,
    });
    assert.deepEqual(await failedLines(service, await runFile(service, 'NDJSON', body)), []);
  });

  await t.test('also of a dry run and of a file that a guard refuses', async () => {
    for (const query of ['dry_run=true', 'max_failure_ratio=0']) {
      const execution = await runFile(service, 'CSV', badFile('CSV', 3), { query });
      assert.equal((await failedLines(service, execution)).length, 3);
    }
  });

  await t.test('also of lists of users for one segment', async () => {
    const path = `/v1/datamarts/1/audience_segments/${segmentId}/user_list_imports`;
    const parts = new FormData();
    parts.set('file', new Blob([`email_hash\n${ADDRESS}\nh\n`]), 'list.csv');
    const answer = await fetch(`${service.baseUrl}${path}`, {
      method: 'POST',
      headers: { authorization: service.token },
      body: parts,
    });
    const { data } = (await answer.json()) as { data: ExecutionAnswer };
    let failed: readonly FailedLine[] = [];
    const deadline = Date.now() + 30_000;
    while (failed.length === 0 && Date.now() < deadline)
      failed = await dataOf(service.call('GET', `${path}/${data.id}/errors`));
    assert.deepEqual(
      failed.map(({ error_line, error_code, raw }) => [error_line, error_code, raw]),
      [[2, 'CLEAR_EMAIL', '***@***']],
    );
  });

  await t.test('without the lines of a user who was erased', async () => {
    for (const format of ['NDJSON', 'CSV'] as const) {
      const execution = await runFile(service, format, badFile(format, 5));
      const erasure = await dataOf<{ id: string }>(
        service.call('DELETE', '/v1/datamarts/1/user_points/user_account_id=u2'),
      ).catch(() => null);
      // nobody is known by that id: it is erased from the files where it is known by then
      if (erasure === null) {
        const body = JSON.stringify({
          operation: 'UPDATE',
          user_account_id: 'u2',
          segment_id: segmentId,
          expiration_ts: 0,
        });
        await runFile(service, 'NDJSON', body);
        await dataOf(service.call('DELETE', '/v1/datamarts/1/user_points/user_account_id=u2'));
      }
      const first = format === 'CSV' ? 2 : 1;
      const expected = [0, 1, 3, 4].map((i) => first + i);
      const deadline = Date.now() + 30_000;
      for (;;) {
        const lines = (await failedLines(service, execution)).map(({ error_line }) => error_line);
        if (lines.length === 4 || Date.now() > deadline) {
          assert.deepEqual(lines, expected);
          break;
        }
      }
    }
  });
});

test('failed lines are listed while an execution runs, and are gone when its files are', async (t) => {
  let now = Date.now();
  const service = await startService(t, { chunkRows: 50, sweepIntervalMs: 50, retentionDays: 1 }, () => now);
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const execution = await upload(service, {
    ...{ datamartId: '1', documentImportId, format: 'NDJSON', body: badFile('NDJSON', 3_000) },
  });
  let seen = 0;
  for (;;) {
    const lines = await failedLines(service, execution, 'max_results=1000');
    const { status } = await getExecution(service, execution);
    if (status !== 'PENDING' && status !== 'RUNNING') break;
    seen = Math.max(seen, lines.length);
    if (seen > 0) break;
  }
  assert.ok(seen > 0, 'no line was listed while it ran');
  const ended = await waitForEnd(service, execution);
  assert.equal((await failedLines(service, ended, 'max_results=1000')).length, 100);

  now += 3 * DAY_MS;
  const deadline = Date.now() + 30_000;
  for (;;) {
    const answer = await service.call('GET', pathOf(ended));
    if (answer.status === 410 || Date.now() > deadline) {
      assert.equal(answer.status, 410);
      assert.equal((answer.json as { error_code: string }).error_code, 'FILE_REMOVED');
      break;
    }
  }
});

/** Lines each of which names a segment that is not there. */
function badFile(format: Format, lines: number): string {
  const rows = Array.from({ length: lines }, (_, i) =>
    format === 'CSV'
      ? `UPDATE,u${i},,404,0,`
      : JSON.stringify({
          operation: 'UPDATE',
          user_account_id: `u${i}`,
          segment_id: '404',
          expiration_ts: 0,
        }),
  );
  return `${(format === 'CSV' ? [HEADER, ...rows] : rows).join('\n')}\n`;
}
