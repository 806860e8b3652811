import assert from 'node:assert/strict';
import { access, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { type Client, createSegment, dataOf, type Format, membershipsOf, runFile } from '../client.ts';
import { makeFolder } from '../folder.ts';
import { startService, type TestService } from '../helper.ts';
import { missing, refused } from './refusals.ts';

type ExportAnswer = {
  id: string;
  status: string;
  job_type: string;
  parameters: object;
  error: { message: string } | null;
  result: {
    total_user_points_in_segment: number;
    total_user_points_with_identifiers: number;
    total_exported_user_points: number;
    total_exported_identifiers: number;
    export_file_uri?: string;
  } | null;
};

const MIME_TYPE = { NDJSON: 'APPLICATION_X_NDJSON', CSV: 'TEXT_CSV' } as const;
const HOSTILE = [
  'plain',
  'quote"d',
  "it's",
  'comma,semi;tab\tpipe|',
  'new\nline',
  'carriage\r\nreturn',
  '\rlone',
  '\ufeffbegins with a mark',
  '=1+1',
  '+cmd|calc',
  '@SUM(A1)',
  '-2',
  '\t=1+1',
  '\r=1+1',
  '"=1+1"',
  '=HYPERLINK("http://x","y")',
  "=cmd|' /C calc'!A0",
  ' blanks around ',
  'back\\slash\\n',
  '\u0001\u001f\u007f',
  'a\u2028b\u2029',
  '🦆 ünï',
  '9007199254740993',
  'null',
  'NULL',
  '{"json":1}',
  '["a","b"]',
  '\u0002',
  '""',
];

async function waitForExport(client: Client, segmentId: string, id: string): Promise<ExportAnswer> {
  for (;;) {
    const made = await dataOf<ExportAnswer>(
      client.call('GET', `/v1/audience_segments/${segmentId}/exports/${id}`),
    );
    if (!['PENDING', 'RUNNING'].includes(made.status)) return made;
    await sleep(5);
  }
}

async function runExport(client: Client, segmentId: string, body: object): Promise<ExportAnswer> {
  const { id } = await dataOf<ExportAnswer>(
    client.call('POST', `/v1/audience_segments/${segmentId}/exports`, body),
  );
  return waitForExport(client, segmentId, id);
}

async function fileOf(client: Client, { result }: ExportAnswer): Promise<string> {
  const uri = encodeURIComponent(result?.export_file_uri ?? '');
  const answer = await client.call('GET', `/v1/data_file/data?uri=${uri}`);
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  return answer.text;
}

/**
 * Bytes of a file with its lines in order; a line break in quotes breaks no row of these, but is in
 * the same place each time.
 */
const sorted = (text: string) => Buffer.from(text.split('\n').sort().join('\n'));

const line = (command: object) => `${JSON.stringify({ operation: 'UPDATE', ...command })}\n`;

async function fillHostile(service: TestService, segment_id: string): Promise<void> {
  const later = Date.now() + 3_600_000;
  const commands = HOSTILE.flatMap((value, at) => {
    const more = {
      segment_id,
      ...(at % 2 === 0 ? { expiration_duration: 0 } : { expiration_ts: later + at }),
      ...(at % 3 === 0 ? {} : { data_bag: JSON.stringify({ [value]: [value, at, { nested: null }] }) }),
    };
    return [
      { user_account_id: value, ...more },
      { email_hash: value.replaceAll('@', 'a'), ...more },
      { user_agent_id: value, ...more },
    ];
  });
  const { result } = await runFile(service, 'NDJSON', commands.map(line).join(''));
  assert.deepEqual(result.failures_by_code, {});
}

for (const format of ['NDJSON', 'CSV'] as const satisfies readonly Format[]) {
  test(`what is exported as ${format} can be imported, and is exported the same again`, async (t) => {
    const service = await startService(t);
    const segment = await createSegment(service, { name: 'hostile' });
    await fillHostile(service, segment);
    const mime_type = MIME_TYPE[format];
    const first = await runExport(service, segment, { mime_type });
    assert.equal(first.status, 'SUCCEEDED', JSON.stringify(first.error));
    const file = await fileOf(service, first);

    const same = await runFile(service, format, file);
    assert.equal(same.result.unchanged + same.result.memberships_updated, HOSTILE.length * 3);
    assert.equal(same.result.user_points_created, 0);
    assert.equal(same.result.total_failure, 0);
    const again = await fileOf(service, await runExport(service, segment, { mime_type }));
    assert.deepEqual(sorted(again), sorted(file));

    const other = await startService(t);
    assert.equal(await createSegment(other, { name: 'the same id' }), segment);
    const moved = await runFile(other, format, file);
    assert.equal(moved.result.memberships_created, HOSTILE.length * 3);
    assert.deepEqual(
      sorted(await fileOf(other, await runExport(other, segment, { mime_type }))),
      sorted(file),
    );
    for (const value of HOSTILE)
      assert.equal(
        (await membershipsOf(other, `user_account_id=${encodeURIComponent(value)}`))?.length,
        1,
        value,
      );
  });
}

test('an export has the identifiers that were asked for, and counts the members without any', async (t) => {
  const service = await startService(t);
  const segment_id = await createSegment(service, { name: 'mixed' });
  const put = (user: object) => line({ ...user, segment_id, expiration_duration: 0 });
  const file = put({ user_account_id: 'a' }) + put({ user_account_id: 'b' }) + put({ email_hash: 'h' });
  await runFile(service, 'NDJSON', file);
  const made = await runExport(service, segment_id, { export_user_identifier: { type: 'USER_EMAIL' } });
  assert.deepEqual(made.parameters, {
    datamart_id: '1',
    audience_segment_id: segment_id,
    export_user_identifier: { type: 'USER_EMAIL' },
    export_user_identifiers: [{ type: 'USER_EMAIL' }],
    mime_type: 'TEXT_CSV',
  });
  const { export_file_uri: _, ...counts } = made.result ?? {};
  assert.deepEqual(counts, {
    total_user_points_in_segment: 3,
    total_user_points_with_identifiers: 1,
    total_exported_user_points: 1,
    total_exported_identifiers: 1,
  });
  assert.equal(
    await fileOf(service, made),
    `operation,user_account_id,compartment_id,email_hash,user_agent_id,segment_id,expiration_ts,data_bag\nUPDATE,,,h,,${segment_id},0,\n`,
  );
  const of = async (...export_user_identifiers: object[]) =>
    (await runExport(service, segment_id, { export_user_identifiers })).result?.total_exported_identifiers;
  assert.equal(await of({ type: 'USER_ACCOUNT', compartment_id: 1 }), 2);
  assert.equal(await of({ type: 'USER_ACCOUNT', compartment_id: '2' }), 0);
  assert.equal(await of({ type: 'USER_ACCOUNT' }, { type: 'USER_EMAIL' }), 3);
  assert.equal(await of(), 3);
  const list = await dataOf<ExportAnswer[]>(
    service.call('GET', `/v1/audience_segments/${segment_id}/exports?status=SUCCEEDED&max_results=2`),
  );
  assert.equal(list.length, 2);
  await refused(
    service.call('POST', `/v1/audience_segments/${segment_id}/exports`, { mime_type: 'x' }),
    400,
    'INVALID_REQUEST',
  );
  await missing(service.call('GET', `/v1/audience_segments/${segment_id}/exports/404`));
  await missing(service.call('POST', '/v1/audience_segments/404/exports', {}));
});

test('members are downloaded at once, as Parquet too, and nothing of it is kept', async (t) => {
  const service = await startService(t);
  const segment_id = await createSegment(service, { name: 'table' });
  const expiration_ts = Date.now() + 3_600_000;
  const users = Array.from({ length: 3000 }, (_, at) => ({ user_account_id: `u${at}` }));
  const commands = users.map((user) => ({ ...user, segment_id, expiration_ts, data_bag: '{"k":"v"}' }));
  await runFile(service, 'NDJSON', commands.map(line).join(''));
  const url = `${service.baseUrl}/v1/audience_segments/${segment_id}/export_file`;
  const download = async (query: string) => {
    const answer = await fetch(`${url}?${query}`, { headers: { authorization: service.token } });
    assert.equal(answer.status, 200);
    return { answer, bytes: Buffer.from(await answer.arrayBuffer()) };
  };
  const csv = await download('identifiers=USER_ACCOUNT:1,USER_EMAIL');
  assert.equal(
    csv.answer.headers.get('content-disposition'),
    `attachment; filename=segment-${segment_id}.csv`,
  );
  assert.equal(csv.bytes.toString().trimEnd().split('\n').length, 3001);
  const { bytes } = await download('mime_type=APPLICATION_PARQUET');
  const file = path.join(await makeFolder(), 'members.parquet');
  await writeFile(file, bytes);
  const reader = await (await DuckDBInstance.create(':memory:')).connect();
  const rows = await reader.runAndReadAll(`select * from '${file}' where user_account_id = 'u7'`);
  const [row] = rows.getRowObjectsJson();
  reader.closeSync();
  const [point] = await dataOf<{ user_point_id: string }[]>(
    service.call('GET', '/v1/datamarts/1/user_identifiers/user_account_id=u7'),
  );
  assert.equal(rows.currentRowCount, 1);
  assert.equal(row?.user_point_id, point?.user_point_id);
  assert.deepEqual(
    [row?.compartment_id, row?.segment_id, row?.expiration_ts, row?.data_bag],
    ['1', segment_id, String(expiration_ts), '{"k":"v"}'],
  );
  await refused(
    service.call('GET', `/v1/audience_segments/${segment_id}/export_file?identifiers=X`),
    400,
    'INVALID_REQUEST',
  );
  const kept = path.join(service.config.data, 'documents', 'kept');
  const exportsLeft = async () => {
    const folders = await readdir(kept);
    const files = await Promise.all(
      folders.map((folder) => readdir(path.join(kept, folder)).catch(() => [])),
    );
    return files.flat().filter((name) => name === 'export').length;
  };
  for (let tries = 0; (await exportsLeft()) > 0; tries++) {
    assert.ok(tries < 400, 'the file is still there');
    await sleep(10);
  }
});

test('an export goes with its segment, and loses its file when a user is erased', async (t) => {
  const service = await startService(t);
  const segment_id = await createSegment(service, { name: 'gone' });
  const put = (user: string) => line({ user_account_id: user, segment_id, expiration_duration: 0 });
  await runFile(service, 'NDJSON', put('a') + put('b'));
  const made = await runExport(service, segment_id, {});
  await fileOf(service, made);
  await dataOf(service.call('DELETE', '/v1/datamarts/1/user_points/user_account_id=a'));
  const uri = encodeURIComponent(made.result?.export_file_uri ?? '');
  await refused(service.call('GET', `/v1/data_file/data?uri=${uri}`), 410, 'FILE_REMOVED');
  const after = await dataOf<ExportAnswer>(
    service.call('GET', `/v1/audience_segments/${segment_id}/exports/${made.id}`),
  );
  assert.equal(after.result?.export_file_uri, undefined);
  const fresh = await runExport(service, segment_id, {});
  assert.equal(
    (await fileOf(service, fresh)).split('\n').filter((row) => row.startsWith('UPDATE')).length,
    1,
  );
  const stored = await service.store.exports.get(fresh.id);
  const file = path.join(service.config.data, 'documents', 'kept', stored?.folder ?? '', 'export');
  await access(file);
  await dataOf(service.call('DELETE', `/v1/audience_segments/${segment_id}`));
  await assert.rejects(access(file));
  await missing(
    service.call('GET', `/v1/data_file/data?uri=${encodeURIComponent(fresh.result?.export_file_uri ?? '')}`),
  );
});
