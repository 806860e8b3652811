import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorFile, membershipsOf } from '../client.ts';
import { refused } from '../http/refusals.ts';
import { createTarget } from './target.ts';

const KIB = 1024;

test('JSON bombs are bad lines, or good ones, and the lines beside them are applied', async (t) => {
  const { run, line, assertUnharmed } = await createTarget(t);
  const bombs: readonly [string, string][] = [
    [`{"x":${'['.repeat(400 * KIB)}${']'.repeat(400 * KIB)}}`, 'INVALID_JSON'],
    ['{"a":'.repeat(100 * KIB), 'INVALID_JSON'],
    [`{${Array.from({ length: 60_000 }, (_, i) => `"k${i}":1`).join(',')}}`, 'INVALID_OPERATION'],
    [`{${'"operation":"UPDATE",'.repeat(40_000)}"user_account_id":"a"}`, 'MISSING_SEGMENT'],
    [`{"${'k'.repeat(900 * KIB)}":1}`, 'INVALID_OPERATION'],
    [`{"x":"${'\\u0041'.repeat(150 * KIB)}"}`, 'INVALID_OPERATION'],
    [`{"x":"${'a'.repeat(1024 * KIB)}"}`, 'LINE_TOO_LONG'],
    ['"'.repeat(900 * KIB), 'INVALID_JSON'],
    [`{"x":${'9'.repeat(900 * KIB)}}`, 'INVALID_OPERATION'],
    ['\u2028'.repeat(1_000), 'INVALID_JSON'],
  ];
  const body = bombs.map(([bomb]) => `${bomb}\n${line('between')}`).join('');
  const { result, status } = await run('NDJSON', body);
  assert.equal(status, 'SUCCEEDED');
  const expected: Record<string, number> = {};
  for (const [, code] of bombs) expected[code] = (expected[code] ?? 0) + 1;
  assert.deepEqual({ ...result.failures_by_code }, expected);
  assert.equal(result.total_success, bombs.length);
  await assertUnharmed();
});

test('keys that JavaScript gives a meaning to have none', async (t) => {
  const { service, run, segmentId, assertUnharmed } = await createTarget(t);
  const rest = `"segment_id":"${segmentId}","expiration_duration":0`;
  const body = [
    `{"__proto__":{"operation":"UPDATE","user_account_id":"p"},${rest}}`,
    `{"__proto__":{"operation":"UPDATE"},"user_account_id":"p",${rest}}`,
    `{"constructor":{"prototype":{"operation":"UPDATE"}},"user_account_id":"p",${rest}}`,
    `{"operation":"UPDATE","__proto__":null,"constructor":1,"toString":2,"hasOwnProperty":3,"user_account_id":"p",${rest}}`,
    `{"operation":"UPDATE","user_account_id":"p",${rest},"data_bag":{"__proto__":{"polluted":true},"constructor":1}}`,
  ].join('\n');
  const { result } = await run('NDJSON', body);
  assert.deepEqual([result.total_success, { ...result.failures_by_code }], [2, { INVALID_OPERATION: 3 }]);
  const [membership] = (await membershipsOf(service, 'user_account_id=p')) ?? [];
  assert.match(membership?.data_bag ?? '', /"__proto__"/, 'kept as it was written');
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  assert.equal(({} as Record<string, unknown>).operation, undefined);

  const csv = `operation,user_account_id,segment_id,expiration_duration,__proto__,constructor,toString\nUPDATE,q,${segmentId},0,x,y,z\n`;
  assert.equal((await run('CSV', csv)).result.total_success, 1);
  await assertUnharmed();
});

test('huge numbers are refused or kept digit by digit, and never rounded', async (t) => {
  const { service, run, segmentId, assertUnharmed } = await createTarget(t);
  const digits = '12345678901234567890123456789012345678901234567890';
  const command = (fields: string) => `{"operation":"UPDATE",${fields}}`;
  const body = [
    command(`"user_account_id":${digits},"segment_id":${segmentId},"expiration_duration":0`),
    command(`"user_account_id":"a","segment_id":${'9'.repeat(5_000)},"expiration_duration":0`),
    command(`"user_account_id":"a","segment_id":${segmentId},"expiration_duration":1e309`),
    command(`"user_account_id":"a","segment_id":${segmentId},"expiration_duration":${'9'.repeat(400)}`),
    command(`"user_account_id":"a","segment_id":${segmentId},"expiration_ts":9007199254740993`),
    command(`"user_account_id":1e400,"segment_id":${segmentId},"expiration_duration":0`),
    command(`"user_account_id":-0,"segment_id":${segmentId}.5,"expiration_duration":0`),
  ].join('\n');
  const { result } = await run('NDJSON', body);
  assert.equal(result.total_success, 1);
  assert.equal(result.total_failure, 6);
  assert.equal((await membershipsOf(service, `user_account_id=${digits}`))?.length, 1);
  await assertUnharmed();
});

test('a header of a million columns is refused, and so are more than any table has', async (t) => {
  const { post, run, segmentId, assertUnharmed } = await createTarget(t);
  const start = 'operation,user_account_id,segment_id,expiration_duration';
  const columns = (count: number) => Array.from({ length: count }, (_, i) => `,c${i}`).join('');
  const row = `UPDATE,a,${segmentId},0`;
  for (const header of [
    `${start}${','.repeat(1_000_000)}`,
    `${start}${columns(140_000)}`,
    `${start}${',"'.repeat(200_000)}`,
    `${start},${'x'.repeat(1024 * KIB)}`,
    `"${'\n'.repeat(1024 * KIB)}`,
  ]) {
    await refused(post('CSV', `${header}\n${row}\n`), 400, 'INVALID_HEADER');
  }
  const wide = await run('CSV', `${start}${columns(9_000)}\n${row}\n${row}${',x'.repeat(9_001)}\n`);
  assert.deepEqual([wide.result.total_success, { ...wide.result.failures_by_code }], [1, { INVALID_CSV: 1 }]);
  await assertUnharmed();
});

test('CSV bombs are bad rows, or good ones, and the rows beside them are applied', async (t) => {
  const { run, segmentId, assertUnharmed } = await createTarget(t);
  const good = `UPDATE,a,${segmentId},0`;
  const bombs = [
    `${good}${',x'.repeat(300_000)}`,
    `${good},"${'""'.repeat(300_000)}"`,
    `"${'a,'.repeat(300_000)}`,
    `${'"",'.repeat(200_000)}x`,
    `UPDATE,${'a'.repeat(1024 * KIB)},${segmentId},0`,
    `UPDATE,a,"${'['.repeat(300_000)}",0`,
  ];
  const body = `operation,user_account_id,segment_ids,expiration_duration\n${bombs.map((bomb) => `${bomb}\n${good}\n`).join('')}`;
  const { result, status } = await run('CSV', body);
  assert.equal(status, 'SUCCEEDED');
  assert.deepEqual([result.total_success, result.total_failure], [bombs.length, bombs.length]);
  await assertUnharmed();
});

test('cells that a spreadsheet takes for formulas come back as they were sent, behind columns of ours', async (t) => {
  const { service, run, segmentId, assertUnharmed } = await createTarget(t);
  const formulas = [
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '=HYPERLINK("http://x","y")',
    "=cmd|' /C calc'!A0",
  ];
  const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const rows = formulas.map((text) => `INSERT,${cell(text)},${segmentId},0`);
  const sent = `operation,user_account_id,segment_id,expiration_duration\n${rows.join('\n')}\n`;
  const execution = await run('CSV', sent);
  assert.equal(execution.result.total_failure, formulas.length);
  const errors = await errorFile(service, execution);
  for (const line of errors.trimEnd().split('\n').slice(1)) assert.match(line, /^\d+,INVALID_OPERATION,/);
  // A file that changed what it gives back could not be corrected and sent again.
  const corrected = await run('CSV', errors.replaceAll('INSERT', 'UPDATE'));
  assert.equal(corrected.result.total_success, formulas.length);
  for (const text of formulas) {
    const selector = `user_account_id=${encodeURIComponent(text)}`;
    assert.equal((await service.call('GET', `/v1/datamarts/1/user_segments/${selector}`)).status, 200, text);
  }
  await assertUnharmed();
});
