import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import {
  CONTENT_TYPE,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  type Format,
  waitForEnd,
} from '../client.ts';
import { startService } from '../helper.ts';
import { rawZstd } from '../zstd-samples.ts';
import { refused } from './refusals.ts';

const HEADER = 'operation,user_account_id,segment_id,expiration_duration';
const ROW = 'UPDATE,a,1,0';

test('a file without a record is refused, or says that it has none', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 's' });
  const imports = {
    NDJSON: await createImport(service, { format: 'NDJSON' }),
    CSV: await createImport(service, { format: 'CSV' }),
  };
  const url = (format: Format) => executionsPath({ datamartId: '1', documentImportId: imports[format] });
  const list = `/v1/datamarts/1/audience_segments/${segmentId}/user_list_imports`;
  const post = (format: Format, body: string | Uint8Array, query = '') =>
    service.call('POST', `${url(format)}${query}`, body, { 'content-type': CONTENT_TYPE[format] });
  const postList = (body: string, query = '') => {
    const form = new FormData();
    form.append('file', new Blob([body]), 'users.csv');
    return fetch(`${service.baseUrl}${list}${query}`, {
      ...{ method: 'POST', body: form, headers: { authorization: service.token } },
    }).then(async (answer) => {
      const text = await answer.text();
      return { status: answer.status, text, json: JSON.parse(text), headers: answer.headers };
    });
  };
  const assertEmpty = async (answer: ReturnType<typeof post>) => {
    const execution = await waitForEnd(service, await dataOf<ExecutionAnswer>(answer));
    assert.equal(execution.status, 'SUCCEEDED');
    assert.equal(execution.num_tasks, 0);
  };

  await t.test('nothing but blank lines and byte order marks', async () => {
    for (const blank of ['', '\n', ' \t\r\n\n', '\ufeff', '\ufeff\ufeff\n\ufeff \n', '\n'.repeat(300_000)])
      for (const body of [blank, gzipSync(blank)])
        for (const format of ['NDJSON', 'CSV'] as const) {
          await refused(post(format, body), 400, 'EMPTY_FILE');
        }
    await refused(post('CSV', rawZstd(Buffer.from('\n'))), 400, 'EMPTY_FILE');
    await refused(postList('\ufeff\n'), 400, 'EMPTY_FILE');
  });

  await t.test(
    'a header whose rows were glued to it, naming the columns and what keeps line breaks',
    async () => {
      const says = /unknown columns: "expiration_durationUPDATE", "a", "1", "0".*--data-binary/;
      for (const body of [HEADER + ROW, `\ufeff${HEADER}${ROW}\n`, `${HEADER}${ROW}\r\n\r\n`])
        for (const sent of [body, gzipSync(body), rawZstd(Buffer.from(body))])
          assert.match(await refused(post('CSV', sent), 400, 'EMPTY_FILE'), says);
      // two columns of one name, the column operation gone, a quote that goes on: no good headers
      // either
      for (const [glued, unknown] of [
        [`${HEADER}${ROW}${ROW}`, '"0UPDATE"'],
        ['user_account_id,segment_id,operationa,1,UPDATE', '"operationa"'],
        ['"operation","user_account_id"UPDATE,a', 'user_account_id'],
      ] as const) {
        const text = await refused(post('CSV', glued), 400, 'EMPTY_FILE');
        assert.ok(text.includes(unknown) && text.includes('--data-binary'), text);
      }
      assert.match(
        await refused(postList('user_account_id,email_hashu1,h1'), 400, 'EMPTY_FILE'),
        /"email_hashu1"/,
      );
      const many = `${HEADER}${ROW.repeat(2_000)}`;
      assert.ok((await refused(post('CSV', many), 400, 'EMPTY_FILE')).length < 1_000, 'not all of them');
    },
  );

  await t.test('a file with line ends was not glued: its header says what is wrong with it', async () => {
    for (const [body, says] of [
      [`${HEADER}\r${ROW}\r`, /got \\r alone/],
      ['operation,"user_account_id\nUPDATE,u,1\n', /is not closed/],
      ['sep=;\n', /below sep= must name the columns/],
    ] as const)
      assert.match(await refused(post('CSV', body), 400, 'INVALID_HEADER'), says);
  });

  await t.test('blank rows above a header are passed over, and lines are counted all the same', async () => {
    for (const above of [
      ...['\n', ' \t\r\n\n', '\ufeff\n\ufeff', '\n'.repeat(70_000)],
      // as spreadsheets write empty rows, with whatever separator
      ...[',,,\n', ';;\r\n\t\t\n', '"",""," "\r\n', '\ufeff,\n\n,,,\n', ',,,\n'.repeat(20_000)],
      ...['\n\nsep=,\n', ',,,\nsep=,\r\n', 'sep=,\n,,,\n\n', '\ufeff \n"sep=,"\n"",""\n'],
    ]) {
      const body = `${above}${HEADER}\n${ROW.replace('1', segmentId)}\nUPSERT,a,1,0\n`;
      const execution = await waitForEnd(service, await dataOf<ExecutionAnswer>(post('CSV', body)));
      assert.equal(execution.result.total_success, 1);
      const [failed] = await dataOf<{ error_line: number }[]>(
        service.call('GET', `${url('CSV')}/${execution.id}/errors`),
      );
      assert.equal(failed?.error_line, body.split('\n').length - 1);
    }
  });

  await t.test('a header with a column that is unknown, and no row', async () => {
    assert.match(await refused(post('CSV', `${HEADER},Comment\n`), 400, 'EMPTY_FILE'), /"Comment"/);
  });

  await t.test('curl -d makes such files, and curl --data-binary does not', async () => {
    const file = path.join(service.config.data, 'day.csv');
    await writeFile(file, `${HEADER}\n${ROW.replace('1', segmentId)}\n`);
    const curl = async (flag: string) => {
      const { stdout } = await promisify(execFile)('curl', [
        ...['--silent', '--request', 'POST', `${service.baseUrl}${url('CSV')}`, flag, `@${file}`],
        ...['-H', `Authorization: ${service.token}`, '-H', 'Content-Type: text/csv'],
      ]);
      return { stdout, json: JSON.parse(stdout) as { data: ExecutionAnswer } };
    };
    assert.match((await curl('-d')).stdout, /EMPTY_FILE/);
    const taken = await curl('--data-binary');
    assert.equal((await waitForEnd(service, taken.json.data)).result.total_success, 1);
  });

  const headers = [HEADER, `\ufeff${HEADER}\r\n`, `error_line,error_code,error_message,${HEADER},\n`];
  const blankRows = [
    `${HEADER}\n\n \n`,
    `${HEADER}\n,,,\n"",""," ",\n\ufeff ,\t\n`,
    `${HEADER}\n${',,,\n'.repeat(100_000)}`,
  ];
  await t.test(
    'a header with known columns is an execution of 0 commands, if its sender allows it',
    async () => {
      for (const body of headers) await assertEmpty(post('CSV', body));
      for (const body of [...headers, ...blankRows])
        for (const sent of [body, gzipSync(body)]) {
          const text = await refused(post('CSV', sent, '?allow_empty=false'), 400, 'EMPTY_FILE');
          assert.match(text, /allow_empty=false/);
        }
      await assertEmpty(post('CSV', `${HEADER}\n`, '?allow_empty=true'));
      assert.equal((await postList('user_account_id\n')).status, 200);
      await refused(postList('user_account_id\n', '?allow_empty=false'), 400, 'EMPTY_FILE');
      await refused(post('CSV', HEADER, '?allow_empty=perhaps'), 400, 'INVALID_REQUEST');
    },
  );

  await t.test('a row counts, however late and however broken', async () => {
    for (const body of [
      `${HEADER}\n${',,,\n'.repeat(100_000)}${ROW}`,
      `${HEADER}\n"`,
      `${HEADER}\n""""`,
      `${HEADER}\n"  `,
      `${HEADER}\n" \n" , x`,
    ])
      assert.equal((await post('CSV', body, '?allow_empty=false')).status, 200, body.slice(-20));
    assert.equal((await post('NDJSON', '\n\n{}', '?allow_empty=false')).status, 200);
    assert.equal((await postList('user_account_id\nu1', '?allow_empty=false')).status, 200);
  });
});
