import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { promisify } from 'node:util';
import { FAULT_POINTS } from '../src/fault-points.ts';
import type { MappingInput } from '../src/import/mapping/check-mapping.ts';
import { REJECTION_CODES, type RejectionCode } from '../src/model/command.ts';
import {
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  errorFile,
  executionsPath,
  type Format,
  getSegment,
  membershipsOf,
  runFile,
  waitForEnd,
} from './client.ts';
import { startService } from './helper.ts';
import { readErrorFile } from './properties/error-file.ts';
import { createWorld } from './properties/world.ts';

/** A line that fails, in a file of its format; `«alpha»` and the like stand for ids. */
type Fixture = {
  readonly format: Format;
  readonly line: string | Buffer;
  readonly mapping?: MappingInput;
};

const GOOD = ndjson({});
const HEADER = 'operation,user_account_id,email_hash,segment_id,expiration_duration';
const GOOD_ROW = 'UPDATE,u1,,«alpha»,0';

/** A command that is right but for `fields`. */
function ndjson(fields: Readonly<Record<string, unknown>>): string {
  const command = {
    operation: 'UPDATE',
    user_account_id: 'u1',
    segment_id: '«alpha»',
    expiration_duration: 0,
  };
  return JSON.stringify({ ...command, ...fields });
}

const inNdjson = (line: string | Buffer): Fixture => ({ format: 'NDJSON', line });
const inCsv = (line: string | Buffer): Fixture => ({ format: 'CSV', line });
const GOOD_HASH = 'ab'.repeat(32);
const HASHED: MappingInput = { hash: { email_hash: 'sha256' } };
const withoutAccount = { user_account_id: undefined };

/** Every code has a line that earns it: a code without one does not compile. */
const FIXTURES: Readonly<Record<RejectionCode, readonly Fixture[]>> = {
  INVALID_ENCODING: [
    inNdjson(Buffer.concat([Buffer.from('{"user_account_id":"u'), Buffer.from([0xff]), Buffer.from('"}')])),
    inNdjson(ndjson({ user_account_id: 'u\0' })),
    inNdjson(GOOD.replace('"u1"', '"\\ud800"')),
    inCsv(Buffer.from('UPDATE,u\xe9,,1,0', 'latin1')),
  ],
  LINE_TOO_LONG: [
    inNdjson(ndjson({ note: 'x'.repeat(1024 * 1024) })),
    inCsv(`${GOOD_ROW},${'x'.repeat(1024 * 1024)}`),
  ],
  INVALID_JSON: [
    inNdjson('not json'),
    inNdjson(`${GOOD},`),
    inNdjson(`{"note":${'['.repeat(32)}${']'.repeat(32)}}`),
    inNdjson('{"operation":"UPDATE",'),
  ],
  NOT_AN_OBJECT: [inNdjson(`[${GOOD}]`), inNdjson('null'), inNdjson('"text"')],
  INVALID_CSV: [inCsv(`${GOOD_ROW},more`), inCsv('"UPDATE"x,u1,,«alpha»,0')],
  INVALID_TYPE: [inNdjson(ndjson({ user_account_id: true })), inNdjson(ndjson({ segment_id: ['«alpha»'] }))],
  INVALID_OPERATION: [
    inNdjson(ndjson({ operation: 'update' })),
    inNdjson('{}'),
    inCsv('UPSERT,u1,,«alpha»,0'),
  ],
  MULTIPLE_IDENTIFIERS: [inNdjson(ndjson({ email_hash: 'h' })), inCsv('UPDATE,u1,h,«alpha»,0')],
  MISSING_IDENTIFIER: [inNdjson(ndjson(withoutAccount)), inCsv('DELETE, ,,«alpha»,')],
  CLEAR_EMAIL: [
    inNdjson(ndjson({ ...withoutAccount, email_hash: 'ann@example.com' })),
    inCsv('UPDATE,,ann@example.com,«alpha»,0'),
  ],
  INVALID_ADDRESS: [
    { ...inNdjson(ndjson({ ...withoutAccount, email_hash: 'ann' })), mapping: HASHED },
    { ...inCsv('UPDATE,,ann,«alpha»,0'), mapping: HASHED },
  ],
  MISSING_COMPARTMENT: [inNdjson(GOOD), inCsv(GOOD_ROW)],
  UNKNOWN_COMPARTMENT: [
    inNdjson(ndjson({ compartment_id: '«foreign»' })),
    inNdjson(ndjson({ compartment_id: '«archived»' })),
    inNdjson(ndjson({ compartment_id: '«default»', compartment_token: '«other token»' })),
  ],
  MISSING_SEGMENT: [inNdjson(ndjson({ segment_id: '' })), inCsv('UPDATE,u1,,,0')],
  UNKNOWN_SEGMENT: [
    inNdjson(ndjson({ segment_id: '«deleted»' })),
    inNdjson(ndjson({ segment_id: '«foreign segment»' })),
    inNdjson(ndjson({ segment_ids: ['«beta»', '999999'] })),
  ],
  SEGMENT_NOT_IMPORTABLE: [inNdjson(ndjson({ segment_id: '«query»' }))],
  SEGMENT_PAUSED: [inNdjson(ndjson({ segment_id: '«paused»' }))],
  MISSING_EXPIRATION: [inNdjson(ndjson({ expiration_duration: null })), inCsv('UPDATE,u1,,«alpha»,')],
  INVALID_EXPIRATION: [
    inNdjson(ndjson({ expiration_duration: '7d' })),
    inNdjson(ndjson({ expiration_ts: 1_700_000_000 })),
    inCsv('UPDATE,u1,,«alpha»,-1'),
  ],
  INVALID_DATA_BAG: [
    inNdjson(ndjson({ data_bag: '[]' })),
    inNdjson(ndjson({ data_bag: `{"a":"${'x'.repeat(65_536)}"}` })),
  ],
};

test('every rejection code is earned by a line, and told with its number', async (t) => {
  const service = await startService(t);
  for (const code of REJECTION_CODES) {
    await t.test(code, async () => {
      const world = await createWorld(service);
      if (code === 'MISSING_COMPARTMENT') await world.archiveDefaultCompartment();
      const put = (text: string) =>
        text.replace(/«([^»]+)»/g, (_, name: string) => world.names.get(name) ?? name);
      for (const { format, line, mapping } of FIXTURES[code]) {
        const bad = typeof line === 'string' ? Buffer.from(put(line)) : line;
        // An e-mail user: right also where there is no default compartment.
        const good =
          format === 'NDJSON'
            ? put(ndjson({ ...withoutAccount, email_hash: GOOD_HASH }))
            : `${HEADER}\n${put(`UPDATE,,${GOOD_HASH},«alpha»,0`)}`;
        const before = Buffer.from(`${good}\n\n`);
        const after = Buffer.from(`\n${good.slice(good.lastIndexOf('\n') + 1)}\n`);
        const { datamartId } = world;
        const documentImportId = await createImport(service, { format, datamartId, mapping });
        const file = Buffer.concat([before, bad, after]);
        const execution = await runFile(service, format, file, { datamartId, documentImportId });
        assert.equal(execution.status, 'SUCCEEDED');
        assert.equal(execution.result.total_success, 2, JSON.stringify(execution.result));
        assert.deepEqual({ ...execution.result.failures_by_code }, { [code]: 1 });
        const [error] = readErrorFile(format, await errorFile(service, execution));
        assert.equal(error?.code, code);
        assert.equal(error.line, format === 'NDJSON' ? 3 : 4);
        assert.ok(error.message.length > 0);
        assert.match(execution.error?.message ?? '', new RegExp(code));
      }
    });
  }
});

test('a masked address stands nowhere: not in the error file, not in the list of errors', async (t) => {
  const service = await startService(t);
  const { datamartId, names } = await createWorld(service);
  const line = ndjson({ ...withoutAccount, email_hash: 'ann@example.com' }).replace(
    '«alpha»',
    names.get('alpha') ?? '',
  );
  const spelled = line.replace('email_hash', 'email\\u005fhash');
  const broken = line.slice(0, -1);
  const body = `${line}\n${spelled}\n${broken}\n`;
  const documentImportId = await createImport(service, { format: 'NDJSON', datamartId });
  const execution = await runFile(service, 'NDJSON', body, { datamartId, documentImportId });
  assert.equal(execution.result.total_failure, 3);
  assert.doesNotMatch(await errorFile(service, execution), /ann@example/);
  const errors = `${executionsPath({ datamartId, documentImportId })}/${execution.id}/errors`;
  assert.doesNotMatch((await service.call('GET', errors)).text, /ann@example/);
  assert.doesNotMatch(JSON.stringify(execution), /ann@example/);
});

test('a row that fails for a character in one cell keeps its cells in the error file', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 's', technical_name: 's' });
  const body = 'operation,user_account_id,segment_technical_name,expiration_duration\nUPDATE,u\0,s,0\n';
  const execution = await runFile(service, 'CSV', body);
  const [error] = readErrorFile('CSV', await errorFile(service, execution));
  assert.equal(error?.code, 'INVALID_ENCODING');
  assert.deepEqual(
    { ...error.fields },
    { operation: 'UPDATE', user_account_id: 'u\0', segment_technical_name: 's', expiration_duration: '0' },
  );
});

test('an object may be spread over 1 000 lines and no more', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 's', technical_name: 's' });
  const spread = (user: string, lines: number) =>
    `{"operation":"UPDATE","user_account_id":"${user}",${'\n'.repeat(lines - 1)}"segment_id":"${segmentId}","expiration_duration":0}\n`;
  const body = spread('within', 1_000) + spread('beyond', 1_001) + spread('after', 1);
  const execution = await runFile(service, 'NDJSON', body);
  assert.equal(execution.result.total_success, 2);
  assert.deepEqual({ ...execution.result.failures_by_code }, { INVALID_JSON: 1 });
  const [error] = readErrorFile('NDJSON', await errorFile(service, execution));
  assert.equal(error?.line, 1_001);
  assert.equal((await membershipsOf(service, 'user_account_id=within'))?.length, 1);
  assert.equal(await membershipsOf(service, 'user_account_id=beyond'), null);
});

test("the documentation's own example works: an object over several lines, sent by curl", async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'known', technical_name: 'known_customers' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const body = `{
    "operation": "UPDATE",
    "compartment_id": "1",
    "user_account_id": "8541254132",
    "segment_id": "${segmentId}",
    "expiration_duration": 10080,
    "data_bag": "{\\"score\\": 12}"
}`;
  // -d takes the line ends out of what it reads from a file, but not out of an argument.
  const { stdout } = await promisify(execFile)('curl', [
    ...['--silent', '--show-error', '--request', 'POST'],
    `${service.baseUrl}${executionsPath({ datamartId: '1', documentImportId })}`,
    ...['-H', `Authorization: ${service.token}`, '-H', 'Content-Type: application/x-ndjson', '-d', body],
  ]);
  const created = await dataOf<ExecutionAnswer>(
    Promise.resolve({ status: 200, text: stdout, json: JSON.parse(stdout), headers: new Headers() }),
  );
  assert.equal(created.status, 'PENDING');
  const execution = await waitForEnd(service, created);
  assert.equal(execution.result.total_success, 1, JSON.stringify(execution));
  const [membership] = (await membershipsOf(service, 'user_account_id=8541254132')) ?? [];
  assert.equal(membership?.segment_id, segmentId);
  assert.equal(membership.expiration_ts, (execution.start_date ?? 0) + 10_080 * 60_000);
  assert.equal(membership.data_bag, '{"score": 12}');
  assert.equal((await getSegment(service, segmentId)).user_points_count, 1);
});

test('docs/torture.md says of every fault point where it is, and of no other', async () => {
  const text = await readFile(new URL('../docs/torture.md', import.meta.url), 'utf8');
  const [, table = ''] = text.split('| point | the process ends |');
  const firstCells = table.split('\n\n')[0]?.match(/^\| `[^|]*/gm) ?? [];
  const told = firstCells.flatMap((cell) => cell.match(/[a-z]+(-[a-z]+)+/g) ?? []);
  assert.deepEqual(told.sort(), [...FAULT_POINTS].sort());
});
