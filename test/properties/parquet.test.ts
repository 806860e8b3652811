import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { createSegment, dataOf, errorFile, membershipsOf, runFile, runs } from '../client.ts';
import { startService } from '../helper.ts';
import { parquetOf } from '../parquet.ts';
import { readErrorFile } from './error-file.ts';

type Value =
  | string
  | number
  | boolean
  | null
  | readonly (string | number | null)[]
  | Readonly<Record<string, unknown>>;
/** A column of one type: its values in JSON, and how SQL writes them. */
type Column = { readonly name: string; readonly type: string; readonly values: readonly Value[] };

const ROWS = 40;

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

function sqlOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map(sqlOf).join(', ')}]`;
  return String(value);
}

/** Values of a column that is of one of some types; a third of them null where `mayLack`. */
function column(name: string, ...kinds: readonly (readonly [type: string, fc.Arbitrary<Value>])[]) {
  return fc
    .constantFrom(...kinds)
    .chain(([type, value]) =>
      fc
        .array(fc.option(value, { freq: 4 }), { minLength: ROWS, maxLength: ROWS })
        .map((values): Column => ({ name, type, values })),
    );
}

const word = (...words: string[]) => fc.constantFrom(...words);
const ids = word('u1', 'u2', 'u3', ' u4 ', '', '  ', 'Zoë', 'a"b', 'a@b.example', '123.0', '77');
const small = fc.constantFrom<Value>(1, 2, 77, -3, 0);
const doubles = fc.constantFrom<Value>(1.5, 77.25, -0.5);

function columns({ vip, other }: { readonly vip: number; readonly other: number }) {
  const segments = fc.constantFrom<Value>(vip, other, 999_999, 0);
  const text = (value: fc.Arbitrary<Value>) => value.map(String);
  const lists = fc.array(fc.constantFrom(vip, other, 999_999, null), { maxLength: 3 });
  const optional = (one: fc.Arbitrary<Column>) => fc.option(one, { freq: 2 });
  return fc
    .tuple(
      column('operation', ['varchar', word('UPDATE', 'UPDATE', 'UPDATE', 'DELETE', 'update', '')]),
      column(
        'user_account_id',
        ['varchar', ids],
        ['bigint', small],
        ['double', doubles],
        ['boolean', fc.boolean()],
      ),
      optional(column('email_hash', ['varchar', word('h1', 'h2', 'ABCDEF12', 'a@b.example')])),
      column('segment_id', ['bigint', segments], ['varchar', text(segments)], ['decimal(20,0)', segments]),
      optional(
        column(
          'segment_ids',
          ['bigint[]', lists],
          ['varchar[]', lists.map((l) => l.map((id) => (id === null ? null : String(id))))],
        ),
      ),
      optional(column('segment_technical_name', ['varchar', word('vip', 'nobody', '')])),
      column(
        'expiration_duration',
        ['integer', fc.constantFrom<Value>(0, 10, 100_000, -1)],
        ['varchar', word('7', '7d', '')],
      ),
      optional(
        column('expiration_ts', ['bigint', fc.constantFrom<Value>(0, 4_000_000_000_000, 1_000_000_000, 99)]),
      ),
      optional(column('data_bag', ['varchar', word('{"a":1}', '{}', '[]', '{"a":', 'x')])),
      optional(column('colour', ['varchar', word('red')], ['integer', small])),
    )
    .map((all) => all.filter((each) => each !== null));
}

function ndjsonOf(table: readonly Column[]): string {
  const rows = Array.from({ length: ROWS }, (_, row) =>
    Object.fromEntries(table.map(({ name, values }) => [name, values[row] ?? null])),
  );
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function parquetFor(table: readonly Column[]): Promise<Buffer> {
  const names = table.map(({ name }) => name).join(', ');
  const rows = Array.from(
    { length: ROWS },
    (_, row) => `(${table.map(({ values, type }) => `${sqlOf(values[row] ?? null)}::${type}`).join(', ')})`,
  );
  return parquetOf(`select * from (values ${rows.join(', ')}) t(${names})`, 'row_group_size 2048');
}

test('a Parquet file does what NDJSON with the same values does', async (t) => {
  const service = await startService(t, { chunkRows: 13 });
  const makeDatamart = async (name: string) => {
    const { id } = await dataOf<{ id: string }>(
      service.call('POST', '/v1/datamarts', { name, organisation_id: '1' }),
    );
    return id;
  };
  let made = 0;
  const lines = { applied: 0, failed: 0 };
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      made += 1;
      const datamarts = [await makeDatamart(`ndjson ${made}`), await makeDatamart(`parquet ${made}`)];
      const segments: number[][] = [];
      for (const datamart of datamarts) {
        const own = ['vip', 'other'].map((name) =>
          createSegment(service, { name, technical_name: name, datamart_id: datamart }),
        );
        segments.push((await Promise.all(own)).map(Number));
      }
      const tables = segments.map(
        ([vip = 0, other = 0]) => fc.sample(columns({ vip, other }), { seed, numRuns: 1 })[0] ?? [],
      );
      const [inNdjson = [], inParquet = []] = tables;
      const [one = '', two = ''] = datamarts;
      const outcomes = [
        await outcomeOf(one, 'NDJSON', ndjsonOf(inNdjson)),
        await outcomeOf(two, 'PARQUET', await parquetFor(inParquet)),
      ];
      assert.deepEqual(outcomes[1], outcomes[0], ndjsonOf(inNdjson));
    }),
    { numRuns: runs(25) },
  );
  assert.ok(lines.applied > 0 && lines.failed > 0, JSON.stringify(lines));

  async function outcomeOf(datamartId: string, format: 'NDJSON' | 'PARQUET', body: string | Uint8Array) {
    const execution = await runFile(service, format, body, { datamartId });
    const { status, num_tasks, result } = execution;
    const { input_file_uri, input_file_bytes, error_file_uri, segments, warnings, ...counts } = result;
    assert.equal(typeof input_file_uri, 'string');
    lines.applied += result.total_success;
    lines.failed += result.total_failure;
    const errors = readErrorFile('NDJSON', await errorFile(service, execution));
    const members: unknown[] = [];
    for (const user of ['u1', 'u2', 'u3', ' u4 ', 'Zoë', 'a"b', '77', '1', '2', '-3', '0', '123.0']) {
      const found = await membershipsOf(service, `user_account_id=${encodeURIComponent(user)}`, datamartId);
      members.push(found?.map((each) => [each.segment_name, each.data_bag, each.expiration_ts === null]));
    }
    for (const hash of ['h1', 'h2', 'ABCDEF12'])
      members.push((await membershipsOf(service, `email_hash=${hash}`, datamartId))?.length);
    const { UNKNOWN_FIELD: _, ...told } = warnings;
    return {
      status,
      num_tasks,
      counts: strip(counts),
      told,
      errors: errors.map(({ line, code }) => [line, code]),
      members,
    };
  }
});

/** Without names of files, which are of the format. */
function strip(counts: object): object {
  const { input_file_name: _, ...rest } = counts as { input_file_name?: string };
  return rest;
}
