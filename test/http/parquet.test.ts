import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  CONTENT_TYPE,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  errorFile,
  executionsPath,
  getSegment,
  membershipsOf,
  runFile,
  upload,
  waitForEnd,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { parquetOf, rowsSql } from '../parquet.ts';
import { readErrorFile } from '../properties/error-file.ts';
import { rawZstd } from '../zstd-samples.ts';

const MIB = 1024 * 1024;
const INSTANT = Date.UTC(2031, 1, 3, 4, 5, 6, 789);

/** SQL of a good row. */
function row(fields: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    ...{ operation: "'UPDATE'", user_account_id: "'u1'", segment_technical_name: "'vip'" },
    ...{ expiration_duration: '0', ...fields },
  };
}

async function open(t: Parameters<typeof startService>[0], config: Parameters<typeof startService>[1] = {}) {
  const service = await startService(t, config);
  const vip = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const documentImportId = await createImport(service, { format: 'PARQUET' });
  const url = executionsPath({ datamartId: '1', documentImportId });
  const post = (body: Uint8Array, query = '', type: string = CONTENT_TYPE.PARQUET) =>
    service.call('POST', `${url}?${query}`, body, { 'content-type': type });
  const run = (body: Uint8Array, query = '') =>
    runFile(service, 'PARQUET', body, { documentImportId, query });
  const refuses = async (body: Uint8Array, code: string, says: RegExp, query = '') => {
    const { status, text } = await post(body, query);
    assert.deepEqual([status, JSON.parse(text).error_code], [400, code], text);
    assert.match(text, says);
  };
  return { service, vip, documentImportId, post, run, refuses };
}

const executionsOf = (service: TestService) =>
  dataOf<ExecutionAnswer[]>(service.call('GET', '/v1/datamarts/1/executions'));

/** Line and code of each failed row. */
async function failuresOf(service: TestService, execution: ExecutionAnswer) {
  const records = readErrorFile('NDJSON', await errorFile(service, execution));
  return records.map(({ line, code }) => [line, code]);
}

async function memberships(service: TestService, kind: string, value: string) {
  return (await membershipsOf(service, `${kind}=${encodeURIComponent(value)}`)) ?? [];
}

test('columns of every type mean what NDJSON with the same values means', async (t) => {
  const { service, vip, run } = await open(t);
  const id = `'${vip}'`;

  await t.test(
    'texts, whole numbers, decimals without places, UUIDs and enums name users and segments',
    async () => {
      const names = [
        ['"Zoë \\ \n\u2028"', `'"Zoë \\ ' || chr(10) || chr(8232) || '"'`, 'varchar'],
        ['-128', '-128', 'tinyint'],
        ['255', '255', 'utinyint'],
        ['9223372036854775807', '9223372036854775807', 'bigint'],
        ['18446744073709551615', '18446744073709551615', 'ubigint'],
        ['12345678901234567890123456789012345678', '12345678901234567890123456789012345678', 'decimal(38,0)'],
        ['0e3f8f0a-7c2f-4a0e-8a53-0c2b7f6f3d11', `'0e3f8f0a-7c2f-4a0e-8a53-0c2b7f6f3d11'`, 'uuid'],
        ['gold', `'gold'`, `enum('gold', 'silver')`],
      ] as const;
      for (const [expected, sql, type] of names) {
        const file = await parquetOf(rowsSql([row({ user_account_id: `(${sql})::${type}` })]));
        const { result, status } = await run(file);
        assert.deepEqual([status, result.total_success, result.total_failure], ['SUCCEEDED', 1, 0], type);
        const found = await memberships(service, 'user_account_id', expected);
        assert.deepEqual(
          found.map(({ segment_id }) => segment_id),
          [vip],
          type,
        );
      }
    },
  );

  await t.test('lists are lists, also of numbers', async () => {
    const other = await createSegment(service, { name: 'other' });
    const base = { ...row({ user_account_id: "'lists'" }), segment_technical_name: 'null::varchar' };
    const file = await parquetOf(rowsSql([{ ...base, segment_ids: `[${vip}, ${other}, null]::bigint[]` }]));
    assert.equal((await run(file)).result.memberships_created, 2);
    const names = await parquetOf(rowsSql([{ ...base, segment_technical_names: `['vip']` }]));
    const again = (await run(names)).result;
    assert.equal(again.unchanged + again.memberships_updated, 1);
    const decimals = await parquetOf(rowsSql([{ ...base, segment_ids: `[${other}]::decimal(20,0)[]` }]));
    assert.equal((await run(decimals)).result.total_success, 1);
  });

  await t.test('instants and dates are expiries; an instant before 1973 is not never', async () => {
    const text = `timestamp '2031-02-03 04:05:06.789123'`;
    const instants: [string, number][] = [
      [text, INSTANT],
      [`${text}::timestamp_ms`, INSTANT],
      [`${text}::timestamp_ns`, INSTANT],
      [`timestamptz '2031-02-03 06:05:06.789+02'`, INSTANT],
      [`date '2031-02-03'`, Date.UTC(2031, 1, 3)],
      [`${INSTANT}::bigint`, INSTANT],
    ];
    for (const [sql, expected] of instants) {
      const file = await parquetOf(rowsSql([row({ user_account_id: "'when'", expiration_ts: sql })]));
      const { result } = await run(file);
      assert.equal(result.total_success, 1, sql);
      const [membership] = await memberships(service, 'user_account_id', 'when');
      assert.equal(membership?.expiration_ts, expected, sql);
    }
    for (const sql of [`timestamp '1970-01-01'`, `date '1969-12-31'`, `timestamp '12000-01-01'`]) {
      const execution = await run(await parquetOf(rowsSql([row({ expiration_ts: sql })])));
      assert.deepEqual(await failuresOf(service, execution), [[1, 'INVALID_EXPIRATION']], sql);
    }
  });

  await t.test('structs, maps and JSON are data bags', async () => {
    const bags = [
      [
        `{'a': 1, 'b': ['x', null], 'c': {'d': true, 'e': null}}`,
        { a: 1, b: ['x', null], c: { d: true, e: null } },
      ],
      [`map {'k"1': 1.5, 'k2': null}`, { 'k"1': 1.5, k2: null }],
      [
        `{'none': []::varchar[], 'no': {'deeper': [{'a': [1]}, null]}}`,
        { none: [], no: { deeper: [{ a: [1] }, null] } },
      ],
      [`'{"n": 12345678901234567890}'::json`, null],
      [`'{"a": {"b": "ü"}}'`, { a: { b: 'ü' } }],
    ] as const;
    for (const [sql, expected] of bags) {
      const file = await parquetOf(rowsSql([row({ user_account_id: "'bag'", data_bag: sql })]));
      assert.equal((await run(file)).result.total_success, 1, sql);
      const [membership] = await memberships(service, 'user_account_id', 'bag');
      const bag = membership?.data_bag ?? '';
      if (expected === null) assert.match(bag, /12345678901234567890/);
      else assert.deepEqual(JSON.parse(bag), expected, sql);
    }
    const bad = await run(await parquetOf(rowsSql([row({ data_bag: `'{"a":'` })])));
    assert.deepEqual(await failuresOf(service, bad), [[1, 'INVALID_DATA_BAG']]);
  });

  await t.test('what JSON fails fails, row by row, and null is absent', async () => {
    const rows = [
      row(),
      row({ operation: "'update'" }),
      row({ user_account_id: 'null' }),
      row({ segment_technical_name: "'nobody'" }),
      row({ email_hash: "'a@b.example'", user_account_id: 'null' }),
      row({ expiration_duration: '-1' }),
      row({ expiration_duration: 'null' }),
      row({ operation: "'DELETE'", expiration_duration: 'null' }),
    ];
    const execution = await run(await parquetOf(rowsSql(rows)));
    assert.equal(execution.status, 'SUCCEEDED');
    assert.deepEqual(await failuresOf(service, execution), [
      [2, 'INVALID_OPERATION'],
      [3, 'MISSING_IDENTIFIER'],
      [4, 'UNKNOWN_SEGMENT'],
      [5, 'CLEAR_EMAIL'],
      [6, 'INVALID_EXPIRATION'],
      [7, 'MISSING_EXPIRATION'],
    ]);
    assert.doesNotMatch(await errorFile(service, execution), /a@b\.example/);
    const typed: [Record<string, string>, string][] = [
      [{ user_account_id: 'true' }, 'INVALID_TYPE'],
      [{ user_account_id: '123::double' }, 'INVALID_TYPE'],
      [{ user_account_id: '12.50::decimal(9,2)' }, 'INVALID_TYPE'],
      [{ user_account_id: `'nan'::double` }, 'MISSING_IDENTIFIER'],
      [{ expiration_duration: '1.5::double' }, 'INVALID_EXPIRATION'],
      [{ expiration_duration: `'infinity'::double` }, 'MISSING_EXPIRATION'],
      [{ segment_technical_name: `{'a': 1}` }, 'INVALID_TYPE'],
    ];
    for (const [fields, code] of typed) {
      const failed = await run(await parquetOf(rowsSql([row(fields)])));
      assert.deepEqual(await failuresOf(service, failed), [[1, code]], JSON.stringify(fields));
    }
    const whole = await run(await parquetOf(rowsSql([row({ expiration_duration: '10::double' })])));
    assert.equal(whole.result.total_success, 1);
  });

  await t.test('names of columns are known in any case; others are told of once', async () => {
    const upper = {
      ...{ OPERATION: "'UPDATE'", ' User_Account_Id': "'upper'", SEGMENT_ID: id, EXPIRATION_DURATION: '0' },
      ...{ segment_tecnical_name: "'x'", 'it\'s "odd"': "'\\x00'::blob" },
    };
    const { result } = await run(await parquetOf(rowsSql([upper, upper])));
    assert.deepEqual([result.total_success, result.warnings], [2, { UNKNOWN_FIELD: 2 }]);
    assert.equal((await memberships(service, 'user_account_id', 'upper')).length, 1);
  });
});

test('failed rows are NDJSON, and go back to the same import', async (t) => {
  const { service, vip, documentImportId, run, post } = await open(t);
  const rows = [row({ user_account_id: "'good'" }), row({ user_account_id: "'bad'", operation: "'ADD'" })];
  const execution = await run(await parquetOf(rowsSql(rows)));
  const uri = (file: string | undefined) => `/v1/data_file/data?uri=${encodeURIComponent(file ?? '')}`;
  const errors = await service.call('GET', uri(execution.result.error_file_uri));
  assert.match(errors.headers.get('content-disposition') ?? '', /document\.parquet\.errors\.ndjson/);
  const input = await service.call('GET', uri(execution.result.input_file_uri));
  assert.match(input.headers.get('content-disposition') ?? '', /document\.parquet\.ndjson/);
  assert.equal(input.text.split('\n').length, 3);
  assert.equal(JSON.parse(input.text.split('\n')[1] ?? '').user_account_id, 'bad');
  const failed = JSON.parse(errors.text);
  assert.deepEqual([failed.error_line, failed.error_code], [2, 'INVALID_OPERATION']);
  assert.equal(typeof failed.error_message, 'string');

  const corrected = Buffer.from(errors.text.replace('ADD', 'UPDATE'));
  for (const type of [CONTENT_TYPE.NDJSON, CONTENT_TYPE.PARQUET]) {
    const again = await dataOf<ExecutionAnswer>(post(corrected, '', type));
    assert.equal((await waitForEnd(service, again)).result.total_success, 1, type);
  }
  assert.equal((await getSegment(service, vip)).user_points_count, 2);
  const wrong = await post(Buffer.from('operation,user_account_id\nUPDATE,1\n'));
  assert.equal((wrong.json as { error_code: string }).error_code, 'CONTENT_TYPE_MISMATCH', wrong.text);
  const typed = await post(corrected, '', 'text/csv');
  assert.equal((typed.json as { error_code: string }).error_code, 'CONTENT_TYPE_MISMATCH', typed.text);
  assert.equal(typeof documentImportId, 'string');
});

test('what is no Parquet file that can be imported is refused at once, and nothing is kept', async (t) => {
  const { service, post, refuses } = await open(t, { maxUploadBytes: 8 * MIB });
  const good = await parquetOf(rowsSql([row()]));

  await refuses(good.subarray(0, good.length - 9), 'INVALID_PARQUET', /its end is missing/);
  await refuses(good.subarray(0, 6), 'INVALID_PARQUET', /its end is missing/);
  const forged = Buffer.from(good);
  forged.writeUInt32LE(0x7fff_ffff, forged.length - 8);
  await refuses(forged, 'INVALID_PARQUET', /whole Parquet file/);
  const damaged = Buffer.from(await parquetOf(`select * from (${rowsSql([row()])}), range(2000)`));
  damaged.fill(0xff, 8, 120);
  await refuses(damaged, 'INVALID_PARQUET', /whole Parquet file/);
  await refuses(
    Buffer.from('PK\x03\x04\x14\0[Content_Types].xml xl/workbook.xml'),
    'UNSUPPORTED_FILE',
    /CSV UTF-8/,
  );
  await refuses(Buffer.from('PARE\x15\0\0\0PARE'), 'UNSUPPORTED_FILE', /encrypted Parquet file: decrypt/);
  await refuses(Buffer.from(''), 'EMPTY_FILE', /nothing but blanks/);
  const key = [`set force_mbedtls_unsafe = 'true'`, `pragma add_parquet_key('k', '0123456789112345')`];
  const secret = await parquetOf(rowsSql([row()]), `encryption_config {footer_key: 'k'}`, key);
  assert.ok(
    ['INVALID_PARQUET', 'UNSUPPORTED_FILE'].includes(JSON.parse((await post(secret)).text).error_code),
  );

  const { operation, ...rest } = row();
  assert.equal(operation, "'UPDATE'");
  await refuses(await parquetOf(rowsSql([rest])), 'INVALID_HEADER', /operation is expected.*user_account_id/);
  await refuses(
    await parquetOf(rowsSql([row({ email_hash: `'\\xAB'::blob` })])),
    'INVALID_HEADER',
    /email_hash.*BLOB.*hexadecimal/,
  );
  await refuses(
    await parquetOf(rowsSql([row({ ' operation ': "'DELETE'" })])),
    'INVALID_HEADER',
    /operation.*twice/,
  );

  const none = await parquetOf(`${rowsSql([row()])} limit 0`);
  await refuses(none, 'EMPTY_FILE', /allow_empty=false/, 'allow_empty=false');
  assert.deepEqual(await executionsOf(service), [], 'nothing was kept');
  const sample = { mime_type: 'APPLICATION_PARQUET', sample_base64: good.toString('base64'), whole: true };
  const preview = await service.call('POST', '/v1/datamarts/1/document_imports/preview', sample);
  assert.match(preview.text, /a Parquet file has no preview: send it with dry_run=true/);
  const bomb = await parquetOf(`select t.* from (${rowsSql([row()])}) t, range(3000000)`);
  assert.ok(bomb.length < MIB, `${bomb.length} bytes`);
  const { status, text } = await post(bomb);
  assert.equal(status, 413, text);
  assert.match(text, /its rows written as NDJSON/);
  assert.deepEqual(
    await readdir(path.join(service.config.data, 'documents', 'incoming')).catch(() => []),
    [],
  );

  const elsewhere = await service.call(
    'POST',
    executionsPath({ datamartId: '1', documentImportId: await createImport(service, { format: 'NDJSON' }) }),
    good,
    { 'content-type': CONTENT_TYPE.NDJSON },
  );
  assert.match(elsewhere.text, /UNSUPPORTED_FILE/);
  assert.match(elsewhere.text, /APPLICATION_PARQUET/);
});

test('a file without rows changes nothing, and says so', async (t) => {
  const { run } = await open(t);
  const { status, num_tasks, result } = await run(await parquetOf(`${rowsSql([row()])} limit 0`));
  assert.deepEqual([status, num_tasks, result.warnings], ['SUCCEEDED', 0, { NO_COMMANDS: 1 }]);
});

test('files in gzip, in zstd and in forms are taken, and the same one again is told', async (t) => {
  const { service, documentImportId, run } = await open(t);
  const file = await parquetOf(rowsSql([row(), row({ user_account_id: "'u2'" })]));
  assert.equal((await run(file)).result.memberships_created, 2);
  for (const packed of [gzipSync(file), rawZstd(file), gzipSync(rawZstd(file))]) {
    const { result } = await run(packed);
    assert.deepEqual([result.total_success, result.warnings], [2, { SAME_FILE_AS: 1 }]);
  }
  const form = new FormData();
  form.append(
    'file',
    new Blob([new Uint8Array(file)], { type: 'application/octet-stream' }),
    'part-0.parquet',
  );
  const response = await fetch(`${service.baseUrl}${executionsPath({ datamartId: '1', documentImportId })}`, {
    method: 'POST',
    body: form,
    headers: { authorization: service.token },
  });
  const { data } = (await response.json()) as { data: ExecutionAnswer };
  assert.equal((await waitForEnd(service, data)).result.total_success, 2);
});

test('dry runs and replacements work, over many row groups and chunks', async (t) => {
  const { service, vip, run } = await open(t, { chunkRows: 700 });
  const rows = `select 'UPDATE' as operation, i as user_account_id, ${vip}::bigint as segment_id, 0 as expiration_duration
    from range(10000) r(i) order by i`;
  const file = await parquetOf(rows, 'row_group_size 2048');
  const rehearsed = await run(file, 'dry_run=true');
  assert.equal(rehearsed.result.memberships_created, 10_000);
  assert.equal((await getSegment(service, vip)).user_points_count, 0);
  assert.equal((await run(file)).result.memberships_created, 10_000);
  const half = await parquetOf(rows.replace('range(10000)', 'range(5000, 10000)'));
  const replaced = await run(half, 'mode=replace&max_shrink_ratio=0.6');
  assert.equal(replaced.status, 'SUCCEEDED', replaced.error?.message);
  assert.equal((await getSegment(service, vip)).user_points_count, 5_000);
});

test('a mapping reads columns and nested members, and hashes addresses before anything is stored', async (t) => {
  const { service, vip } = await open(t);
  const mapping = {
    columns: { 'Customer ID': 'user_account_id', 'who.mail': 'email_hash', Until: 'expiration_ts' },
    defaults: { operation: 'UPDATE', segment_technical_name: 'vip' },
    formats: { Until: 'iso_8601' },
    hash: { 'who.mail': 'sha256' },
  };
  const documentImportId = await createImport(service, { format: 'PARQUET', mapping });
  const file = await parquetOf(
    rowsSql([
      { 'customer id': '1', who: `{'mail': null::varchar}`, until: `timestamp '2031-02-03 04:05:06.789'` },
      {
        'customer id': 'null',
        who: `{'mail': ' Ada@Example.org '}`,
        until: `timestamp '2031-02-03 04:05:06.789'`,
      },
      { 'customer id': '3', who: `{'mail': null}`, until: `timestamp '1970-01-01'` },
    ]),
  );
  const sent = await upload(service, { datamartId: '1', documentImportId, format: 'PARQUET', body: file });
  const execution = await waitForEnd(service, sent);
  assert.deepEqual(await failuresOf(service, execution), [[3, 'INVALID_EXPIRATION']]);
  const hash = createHash('sha256').update('ada@example.org').digest('hex');
  const [byHash] = await memberships(service, 'email_hash', hash);
  assert.deepEqual([byHash?.segment_id, byHash?.expiration_ts], [vip, INSTANT]);
  assert.equal((await memberships(service, 'user_account_id', '1')).length, 1);
  assert.deepEqual(await filesHolding(service.config.data, 'ada@'), []);

  const { 'customer id': _, ...without } = { 'customer id': '1', mail: "'x'", until: 'null::timestamp' };
  const refused = await service.call(
    'POST',
    executionsPath({ datamartId: '1', documentImportId }),
    await parquetOf(rowsSql([without])),
    { 'content-type': CONTENT_TYPE.PARQUET },
  );
  assert.match(refused.text, /INVALID_HEADER/);
  assert.match(refused.text, /which the file does not name/);
});

/** The files under a folder that hold a text, in small letters or as it is. */
async function filesHolding(folder: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    if ((await readFile(file)).toString('latin1').toLowerCase().includes(text)) found.push(file);
  }
  return found;
}

test('an erased user is taken out of what is kept of a file, and the others stay in it', async (t) => {
  const { service, run } = await open(t);
  const execution = await run(await parquetOf(rowsSql([row({ user_account_id: "'gone'" }), row()])));
  await dataOf(service.call('DELETE', '/v1/datamarts/1/user_points/user_account_id=gone'));
  const uri = `/v1/data_file/data?uri=${encodeURIComponent(execution.result.input_file_uri)}`;
  for (let tries = 0; ; tries++) {
    const { text } = await service.call('GET', uri);
    if (!text.includes('gone')) {
      assert.match(text, /"u1"/);
      break;
    }
    assert.ok(tries < 200, 'the user is still in the file');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});

test('names and values of a file are never SQL, and no other file is read', async (t) => {
  const { service, run, post } = await open(t);
  const odd = {
    "x' || (select content from read_text('/etc/hostname')) || '": "'a'",
    '"); drop table x; --': "'b'",
    filename: "'c'",
    file_row_number: '7',
    __proto__: "'d'",
  };
  const { result } = await run(
    await parquetOf(rowsSql([row({ ...odd, user_account_id: `'it''s "1"; --'` })])),
  );
  assert.equal(result.total_success, 1);
  assert.equal((await memberships(service, 'user_account_id', `it's "1"; --`)).length, 1);
  assert.equal((await post(Buffer.from(`PAR1/etc/hostname`))).status, 400);
});
