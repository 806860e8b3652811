import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createImport,
  createSegment,
  dataOf,
  errorFile,
  executionsPath,
  type Format,
  runFile,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';

type Unknown = {
  readonly name: string;
  readonly kind: string;
  readonly lines: number;
  readonly first_line: number;
  readonly did_you_mean: string | null;
  readonly segment_id: string | null;
};
type Listed = { readonly data: readonly Unknown[]; readonly total: number };

async function unknownOf(service: TestService, documentImportId: string, id: string, query = '') {
  const path = executionsPath({ datamartId: '1', documentImportId });
  const { status, json, text } = await service.call('GET', `${path}/${id}/unknown_segments${query}`);
  assert.equal(status, 200, text);
  return json as Listed;
}

/** Without those of the error file. */
const MOST_COLUMNS = 10_000;

const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;

/** A file with a line for each user, each in a segment by its technical name. */
function fileOf(format: Format, names: readonly string[]): string {
  if (format === 'NDJSON')
    return names
      .map((segment_technical_name, i) =>
        JSON.stringify({
          operation: 'UPDATE',
          user_account_id: `u${i}`,
          expiration_duration: 0,
          segment_technical_name,
        }),
      )
      .join('\n');
  const rows = names.map((name, i) => `UPDATE,u${i},${cell(name)},0`);
  return ['operation,user_account_id,segment_technical_name,expiration_duration', ...rows].join('\n');
}

for (const format of ['CSV', 'NDJSON'] as const)
  test(`${format}: unknown segments are counted by their names, the most frequent first, with what was meant`, async (t) => {
    const service = await startService(t);
    await createSegment(service, { name: 'VIP', technical_name: 'big_spenders' });
    const documentImportId = await createImport(service, { format });
    const odd = 'a "quoted", name; is not a segment of this datamart \\ ü';
    const long = 'x'.repeat(300);
    const names = ['big-spender', 'new', odd, 'new', 'big_spenders', 'new', odd, long, long, long, long];
    const run = (text: string, query = '') => runFile(service, format, text, { documentImportId, query });
    const execution = await run(fileOf(format, names));
    assert.equal(execution.result.failures_by_code.UNKNOWN_SEGMENT, 10);
    const { data, total } = await unknownOf(service, documentImportId, execution.id);
    const first = format === 'CSV' ? 2 : 1;
    assert.equal(total, 4);
    assert.match(data[0]?.name ?? '', /^x{255}…$/);
    assert.deepEqual(
      data.slice(1).map((of) => [of.name, of.lines, of.first_line - first, of.did_you_mean, of.segment_id]),
      [
        ['new', 3, 1, null, null],
        [odd, 2, 2, null, null],
        ['big-spender', 1, 0, 'big_spenders', null],
      ],
    );
    assert.deepEqual([data[0]?.lines, data[0]?.did_you_mean], [4, null]);
    const page = await unknownOf(service, documentImportId, execution.id, '?first_result=1&max_results=1');
    assert.deepEqual([page.data.map(({ name }) => name), page.total], [['new'], 4]);
    // as it is now: one of them has been made
    const made = await createSegment(service, { name: 'New', technical_name: 'new' });
    const now = await unknownOf(service, documentImportId, execution.id);
    assert.equal(now.data.find(({ name }) => name === 'new')?.segment_id, made);

    const good = await run(fileOf(format, ['new']));
    assert.deepEqual((await unknownOf(service, documentImportId, good.id)).data, []);
    const dry = await run(fileOf(format, ['big_spendres', 'other', 'big_spendres']), 'dry_run=true');
    assert.deepEqual(
      (await unknownOf(service, documentImportId, dry.id)).data.map((of) => [
        of.name,
        of.lines,
        of.did_you_mean,
      ]),
      [
        ['big_spendres', 2, 'big_spenders'],
        ['other', 1, null],
      ],
    );
  });

test('lists, ids and numbers are told as what they are, and a hundred names at most', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const line = (own: object) =>
    JSON.stringify({ operation: 'UPDATE', user_account_id: 'u', expiration_duration: 0, ...own });
  const lines = [
    line({ segment_ids: ['1', 'vip'] }),
    line({ segment_id: 404 }),
    line({ segment_id: '404' }),
    line({ segment_technical_names: ['vip', 'no "such"'] }),
    ...Array.from({ length: 120 }, (_, i) => line({ segment_technical_name: `name ${i}` })),
  ];
  const { id } = await runFile(service, 'NDJSON', lines.join('\n'), { documentImportId });
  const { data, total } = await unknownOf(service, documentImportId, id, '?max_results=1000');
  assert.deepEqual([data.length, total], [100, 100]);
  assert.deepEqual(
    data.slice(0, 3).map((of) => [of.kind, of.name, of.lines, of.did_you_mean]),
    [
      ['ID', '404', 2, null],
      ['ID', 'vip', 1, 'vip'],
      ['TECHNICAL_NAME', 'no "such"', 1, null],
    ],
  );
});

test('a list in a cell of CSV is told by its element', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const documentImportId = await createImport(service, { format: 'CSV' });
  const text = [
    'operation;user_account_id;segment_technical_names;expiration_duration',
    'UPDATE;a;"[""vip"",""no \\""such\\""""]";0',
    'UPDATE;b;bare;0',
  ].join('\n');
  const { id } = await runFile(service, 'CSV', text, { documentImportId });
  const { data } = await unknownOf(service, documentImportId, id);
  assert.deepEqual(
    data.map(({ name }) => name),
    ['no "such"', 'bare'],
  );
});

test('a line with several segments counts for each that is missing, and for none that was there', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const lines = [
    ['vip', 'fresh', 'other'],
    ['vip', 'fresh'],
  ].map((segment_technical_names, i) =>
    JSON.stringify({
      operation: 'UPDATE',
      user_account_id: `u${i}`,
      expiration_duration: 0,
      segment_technical_names,
    }),
  );
  const { id } = await runFile(service, 'NDJSON', lines.join('\n'), { documentImportId });
  const listed = async () =>
    (await unknownOf(service, documentImportId, id)).data.map((of) => [of.name, of.lines, of.segment_id]);
  assert.deepEqual(await listed(), [
    ['fresh', 2, null],
    ['other', 1, null],
  ]);
  const made = await createSegment(service, { name: 'Fresh', technical_name: 'fresh' });
  assert.deepEqual(await listed(), [
    ['fresh', 2, made],
    ['other', 1, null],
  ]);
});

test('under a mapping the names are those that its words and constants make', async (t) => {
  const service = await startService(t);
  const documentImportId = await createImport(service, {
    format: 'CSV',
    mapping: {
      columns: { Customer: 'user_account_id', Level: 'segment_technical_name' },
      values: { segment_technical_name: { gold: 'vip_gold' } },
      defaults: { operation: 'UPDATE', expiration_duration: 0, segment_technical_name: 'everyone' },
    },
  });
  const text = 'Customer,Level\na,Gold\nb,\nc,silver\n';
  const { id } = await runFile(service, 'CSV', text, { documentImportId });
  const made = await createSegment(service, { name: 'Gold', technical_name: 'vip_gold' });
  const { data } = await unknownOf(service, documentImportId, id);
  assert.deepEqual(
    data.map((of) => [of.name, of.segment_id]),
    [
      ['vip_gold', made],
      ['everyone', null],
      ['silver', null],
    ],
  );
});

test('what was erased is not counted, and nothing is told once the files are removed', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const { id } = await runFile(service, 'NDJSON', fileOf('NDJSON', ['one', 'two', 'two']), {
    documentImportId,
  });
  const erased = await dataOf<{ id: string }>(
    service.call('DELETE', '/v1/datamarts/1/user_points/user_account_id=u0'),
  );
  assert.ok(erased.id);
  for (let tries = 0; ; tries++) {
    const { data } = await unknownOf(service, documentImportId, id);
    if (data.length === 1) break;
    assert.ok(tries < 2_000, 'the line of the erased user is still counted');
  }
  await service.store.executions.markFilesRemoved(id, Date.now());
  const path = executionsPath({ datamartId: '1', documentImportId });
  assert.equal((await service.call('GET', `${path}/${id}/unknown_segments`)).status, 410);
});

test('a file with as many columns as there may be has an error file that is read, redacted and sent again', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const documentImportId = await createImport(service, { format: 'CSV' });
  const more = Array.from({ length: MOST_COLUMNS - 4 }, (_, i) => `c${i}`);
  const header = ['operation', 'user_account_id', 'segment_technical_name', 'expiration_duration', ...more];
  const row = (user: string) => ['UPDATE', user, 'new', '0', ...more.map(() => '')].join(',');
  const text = [header.join(','), row('gone'), row('stays')].join('\n');
  const execution = await runFile(service, 'CSV', text, { documentImportId });
  const [unknown] = (await unknownOf(service, documentImportId, execution.id)).data;
  assert.deepEqual([unknown?.name, unknown?.lines], ['new', 2]);

  const erased = service.call('DELETE', '/v1/datamarts/1/user_points/user_account_id=gone');
  let { id, status } = await dataOf<{ id: string; status: string }>(erased);
  for (const until = Date.now() + 20_000; status !== 'DONE'; await sleep(20)) {
    assert.ok(Date.now() < until, `the erasure is ${status}`);
    ({ id, status } = await dataOf<{ id: string; status: string }>(
      service.call('GET', `/v1/datamarts/1/erasures/${id}`),
    ));
  }
  const errors = await errorFile(service, execution);
  assert.doesNotMatch(errors, /gone/);
  await createSegment(service, { name: 'New', technical_name: 'new' });
  const again = await runFile(service, 'CSV', errors, { documentImportId });
  assert.deepEqual([again.status, again.result.total_success], ['SUCCEEDED', 1]);
});
