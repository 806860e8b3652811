import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../src/config.ts';
import {
  type Client,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  errorFile,
  getExecution,
  getSegment,
  membershipsOf,
  runFile,
  upload,
  waitForEnd,
} from '../client.ts';
import { startService } from '../helper.ts';
import { startProcess } from '../process.ts';
import { missing, refused } from './refusals.ts';

type Erasure = {
  readonly id: string;
  readonly status: string;
  readonly identifiers_removed: number;
  readonly memberships_removed: number;
  readonly executions_left: number;
  readonly files_rewritten: number;
  readonly lines_removed: number;
};

const QUICK: Partial<Config> = { sweepIntervalMs: 100 };

function line(fields: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ operation: 'UPDATE', segment_technical_name: 'vip', expiration_duration: 0, ...fields })}\n`;
}

async function start(t: TestContext, overrides: Partial<Config> = {}) {
  const service = await startService(t, { ...QUICK, ...overrides });
  const segmentId = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  return { service, segmentId };
}

function erase(client: Client, selector: string): Promise<Erasure> {
  return dataOf<Erasure>(client.call('DELETE', `/v1/datamarts/1/user_points/${selector}`));
}

async function untilDone(client: Client, { id }: Erasure): Promise<Erasure> {
  for (let i = 0; i < 600; i++) {
    const erasure = await dataOf<Erasure>(client.call('GET', `/v1/datamarts/1/erasures/${id}`));
    if (erasure.status === 'DONE') return erasure;
    await sleep(50);
  }
  throw new Error(`erasure ${id} does not end`);
}

async function inputFile(client: Client, execution: ExecutionAnswer): Promise<string> {
  const uri = encodeURIComponent(execution.result.input_file_uri);
  const answer = await client.call('GET', `/v1/data_file/data?uri=${uri}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.text;
}

/** Everything that is in the documents folder, as one text. */
async function allFiles(data: string): Promise<string> {
  const kept = path.join(data, 'documents/kept');
  const files = (await readdir(kept, { recursive: true, withFileTypes: true })).filter((file) =>
    file.isFile(),
  );
  const texts = await Promise.all(
    files.map(({ name, parentPath, path: folder }) =>
      readFile(path.join(parentPath ?? folder, name), 'latin1'),
    ),
  );
  return texts.join('\n');
}

test('the user, his memberships and his lines are gone, those of others stay as they were', async (t) => {
  const { service, segmentId } = await start(t);
  const other = line({ user_account_id: 'other' });
  const bad = line({ user_account_id: 'gone', operation: 'UPSERT' });
  const otherBad = line({ user_account_id: 'other', operation: 'UPSERT' });
  const execution = await runFile(
    service,
    'NDJSON',
    other + line({ user_account_id: 'gone', data_bag: { a: 1 } }) + bad + otherBad + other,
  );
  const csv = await runFile(
    service,
    'CSV',
    'operation,user_account_id,segment_technical_name,expiration_duration\nUPDATE,gone,vip,0\nUPDATE,other,vip,0\nUPDATE,gone,nosuch,0\nUPDATE,other,nosuch,0\n',
  );
  const erasure = await erase(service, 'user_account_id=gone');
  assert.equal(erasure.identifiers_removed, 1);
  assert.equal(erasure.memberships_removed, 1);
  assert.equal(await membershipsOf(service, 'user_account_id=gone'), null);
  await missing(service.call('GET', '/v1/datamarts/1/user_identifiers/user_account_id=gone'));
  assert.equal((await getSegment(service, segmentId)).user_points_count, 1);

  const done = await untilDone(service, erasure);
  assert.equal(done.executions_left, 0);
  assert.equal(done.files_rewritten, 4);
  assert.equal(done.lines_removed, 6);
  assert.equal(await inputFile(service, execution), `${other}\n\n${otherBad}${other}`);
  const errors = (await errorFile(service, execution)).split('\n');
  assert.equal(errors[0], '');
  // the lines that are left keep their numbers in the input
  assert.equal(JSON.parse(errors[1] ?? '').error_line, 4);
  assert.doesNotMatch(await inputFile(service, csv), /gone/);
  assert.match(
    await inputFile(service, csv),
    /^operation.*\n\nUPDATE,other,vip,0\n\nUPDATE,other,nosuch,0\n$/,
  );
  assert.match(await errorFile(service, csv), /^error_line.*\n\n5,UNKNOWN_SEGMENT,/);
  assert.doesNotMatch(await allFiles(service.config.data), /gone/);
  assert.equal((await membershipsOf(service, 'user_account_id=other'))?.length, 1);

  const listed = await service.call('GET', '/v1/datamarts/1/erasures');
  assert.equal((listed.json as { total: number }).total, 1);
  assert.doesNotMatch(listed.text, /gone/);
  const log = await service.call('GET', '/v1/audit_log?action=ERASE');
  assert.match(log.text, new RegExp(`"resource_type":"erasure","resource_id":"${erasure.id}"`));
  assert.doesNotMatch(log.text, /gone/);
});

test('an error file of many parts loses its lines in each of them, and keeps the others', async (t) => {
  const { service } = await start(t, { chunkRows: 100 });
  const isOf = (i: number) => i % 130 === 7;
  const rows = Array.from({ length: 400 }, (_, i) => `UPDATE,${isOf(i) ? 'gone' : `u${i}`},nosuch,0\n`);
  const header = 'operation,user_account_id,segment_technical_name,expiration_duration\n';
  const csv = await runFile(service, 'CSV', header + rows.join(''));
  const before = (await errorFile(service, csv)).split('\n');
  const done = await untilDone(service, await erase(service, 'user_account_id=gone'));
  assert.deepEqual([done.files_rewritten, done.lines_removed], [2, 8]);
  const after = (await errorFile(service, csv)).split('\n');
  // the first line is the header
  assert.deepEqual(
    after,
    before.map((row, i) => (isOf(i - 1) ? '' : row)),
  );
  assert.doesNotMatch(await allFiles(service.config.data), /gone/);
});

test('files without a line of the user are not touched', async (t) => {
  const { service } = await start(t);
  const execution = await runFile(
    service,
    'NDJSON',
    line({ user_account_id: 'gone2' }) + line({ email_hash: 'gone' }),
  );
  await runFile(service, 'NDJSON', line({ user_account_id: 'gone' }));
  const done = await untilDone(service, await erase(service, 'user_account_id=gone'));
  assert.equal(done.lines_removed, 1);
  assert.equal(done.files_rewritten, 1);
  assert.match(await inputFile(service, execution), /gone2.*\n.*"email_hash":"gone"/);
  assert.equal((await membershipsOf(service, 'email_hash=gone'))?.length, 1);
});

test('lines are found however they are written', async (t) => {
  const { service } = await start(t);
  const value = 'a/"é,1';
  const plain = JSON.stringify(value).slice(1, -1);
  const spelled = [plain, plain.replace('/', '\\/'), plain.replace('é', '\\u00e9'), '\\u0061/\\"\\u00e9,1'];
  const rest = '"operation":"UPDATE","segment_technical_name":"vip","expiration_duration":0';
  const other = line({ user_agent_id: 'other', note: '\u00e9' });
  const records = [
    ...spelled.map((text) => `{"user_agent_id":"${text}",${rest}}\n`),
    // spread over lines, after a line that holds braces in a text
    `{"note":"}{",\n"user_agent_id":"${plain}",\n${rest}}\n`,
    // not JSON, and named as a word
    `{"user_agent_id":"${plain}",${rest}\n`,
    `{"user_agent_id":["${plain}"],${rest}}\n`,
  ];
  const ndjson = await runFile(service, 'NDJSON', `${other}${records.join(other)}${other}`);
  const quoted = `"${value.replaceAll('"', '""')}"`;
  const header = 'user_agent_id;operation;segment_technical_name;expiration_duration;note\n';
  const csv = await runFile(
    service,
    'CSV',
    `${header}${quoted};UPDATE;vip;0;"two\nlines"\n"other";UPDATE;vip;0;"two\nlines"\n${quoted}x;UPDATE;vip;0;\n${quoted};UPDATE;vip;0;more;cells\n`,
  );
  const done = await untilDone(service, await erase(service, `user_agent_id=${encodeURIComponent(value)}`));
  assert.equal(done.status, 'DONE');
  const left = (await inputFile(service, ndjson)).split('\n').filter((text) => text !== '');
  assert.deepEqual(new Set(left), new Set([other.trimEnd()]));
  assert.equal(left.length, records.length + 1);
  assert.equal(await inputFile(service, csv), `${header}\n\n"other";UPDATE;vip;0;"two\nlines"\n\n\n`);
  const errors = (await errorFile(service, ndjson)) + (await errorFile(service, csv));
  assert.doesNotMatch(errors, /1"|,1/);
});

test('an account is the one of its compartment; without one it may be', async (t) => {
  const { service } = await start(t);
  const compartment = await dataOf<{ id: string }>(
    service.call('POST', '/v1/user_account_compartments', { name: 'c', token: 'shop' }),
  );
  await dataOf(service.call('POST', '/v1/datamarts/1/compartments', { compartment_id: compartment.id }));
  const account = { user_account_id: '7' };
  const lines = [
    line({ ...account, compartment_id: compartment.id }),
    line({ ...account, compartment_token: 'shop' }),
    line({ ...account, compartment_id: '1' }),
    line(account),
  ];
  const execution = await runFile(service, 'NDJSON', lines.join(''));
  await untilDone(service, await erase(service, 'compartment_id=1,user_account_id=7'));
  assert.equal(await inputFile(service, execution), `${lines[0]}${lines[1]}\n\n`);
  assert.equal(
    (await membershipsOf(service, `compartment_id=${compartment.id},user_account_id=7`))?.length,
    1,
  );
  assert.equal(await membershipsOf(service, 'user_account_id=7'), null);
});

test('all identifiers of a user point go with it', async (t) => {
  const { service } = await start(t);
  await runFile(service, 'NDJSON', line({ user_account_id: 'gone' }));
  const identifier = { kind: 'USER_EMAIL', compartmentId: '0', value: 'hash-of-gone' } as const;
  const user = {
    by: 'identifier',
    identifier: { kind: 'USER_ACCOUNT', compartmentId: '1', value: 'gone' },
  } as const;
  const userPointId = await service.store.findUserPoint('1', user);
  assert.ok(userPointId);
  await service.store.attachIdentifier({ datamartId: '1', identifier, userPointId, now: Date.now() });
  const execution = await runFile(service, 'NDJSON', line({ email_hash: 'hash-of-gone' }));
  const done = await untilDone(service, await erase(service, 'email_hash=hash-of-gone'));
  assert.deepEqual([done.identifiers_removed, done.memberships_removed], [2, 1]);
  assert.equal(done.lines_removed, 2);
  assert.equal(await inputFile(service, execution), '\n');
  for (const selector of ['user_account_id=gone', 'email_hash=hash-of-gone'])
    assert.equal(await membershipsOf(service, selector), null);
});

test('an unknown identifier is looked for in files, an unknown user point is not found', async (t) => {
  const { service } = await start(t);
  const execution = await runFile(service, 'NDJSON', line({ user_account_id: 'gone', operation: 'UPSERT' }));
  const done = await untilDone(service, await erase(service, 'user_account_id=gone'));
  assert.deepEqual([done.identifiers_removed, done.memberships_removed, done.lines_removed], [0, 0, 2]);
  assert.equal(await errorFile(service, execution), '\n');
  const path = '/v1/datamarts/1/user_points';
  await missing(service.call('DELETE', `${path}/00000000-0000-8000-8000-000000000000`));
  await missing(service.call('DELETE', `${path}/user_account_id=gone/user_segments`));
  await refused(service.call('DELETE', `${path}/name=gone`), 400, 'INVALID_SELECTOR');
  await missing(service.call('GET', '/v1/datamarts/1/erasures/77'));
});

test('files that were uploaded before do not bring the user back, files after do', async (t) => {
  const { service, segmentId } = await start(t, { chunkRows: 1000 });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const of = { datamartId: '1', documentImportId, format: 'NDJSON' } as const;
  const many = Array.from({ length: 60_000 }, (_, i) =>
    line({ user_account_id: i % 100 === 0 ? 'gone' : `u${i % 500}` }),
  ).join('');
  const running = await upload(service, { ...of, body: many });
  const pending = await upload(service, { ...of, body: line({ user_account_id: 'gone' }).repeat(3) });
  while ((await getExecution(service, running)).completed_tasks === null) await sleep(2);
  const erasure = await erase(service, 'user_account_id=gone');
  assert.equal(erasure.status, 'PENDING');
  const after = await upload(service, { ...of, body: line({ user_agent_id: 'other' }) });
  const [long, short] = [await waitForEnd(service, running), await waitForEnd(service, pending)];
  await waitForEnd(service, after);
  assert.equal(long.status, 'SUCCEEDED');
  assert.equal(long.result.total_success, 60_000);
  assert.equal(short.status, 'SUCCEEDED');
  assert.equal(short.result.unchanged, 3);
  assert.equal(short.result.user_points_created, 0);
  assert.equal(await membershipsOf(service, 'user_account_id=gone'), null);
  const done = await untilDone(service, erasure);
  assert.equal(done.lines_removed, 603);
  assert.doesNotMatch(await allFiles(service.config.data), /gone/);
  // what is uploaded from here on is another matter
  const again = await runFile(service, 'NDJSON', line({ user_account_id: 'gone' }));
  assert.equal(again.result.user_points_created, 1);
  const { user_points_count } = await getSegment(service, segmentId);
  assert.equal(user_points_count, 497);
});

test('killed at any moment, an erasure comes to its end and nobody comes back', async (t) => {
  const service = await startProcess(t, { MUSTER_CHUNK_ROWS: '500', MUSTER_SWEEP_INTERVAL_MS: '100' });
  const segmentId = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const of = { datamartId: '1', documentImportId, format: 'NDJSON' } as const;
  const users = ['gone-1', 'gone-2', 'gone-3'];
  const body = Array.from({ length: 20_000 }, (_, i) =>
    line({
      user_account_id: users[i % 40] ?? `u${i % 300}`,
      ...(i % 50 === 1 ? { operation: 'UPSERT' } : {}),
    }),
  ).join('');
  const executions = [await upload(service, { ...of, body }), await upload(service, { ...of, body })];
  const erasures: Erasure[] = [];
  for (const [i, user] of users.entries()) {
    erasures.push(await erase(service, `user_account_id=${user}`));
    await sleep(i * 150);
    await service.kill();
    await service.restart();
  }
  for (const execution of executions) {
    const ended = await waitForEnd(service, execution, 120_000);
    assert.equal(ended.status, 'SUCCEEDED');
    assert.equal((ended.num_tasks ?? 0) - ended.result.total_failure, ended.result.total_success);
  }
  for (let i = 0; i < 3; i++) {
    await sleep(i * 40);
    await service.kill();
    await service.restart();
  }
  for (const erasure of erasures) await untilDone(service, erasure);
  for (const user of users) assert.equal(await membershipsOf(service, `user_account_id=${user}`), null);
  assert.doesNotMatch(await allFiles(service.data), /gone-/);
  assert.deepEqual(await readdir(path.join(service.data, 'documents/incoming')), []);
  assert.ok((await getSegment(service, segmentId)).user_points_count > 200);
});
