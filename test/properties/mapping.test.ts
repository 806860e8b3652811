import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import Papa from 'papaparse';
import { checkMapping, type MappingInput } from '../../src/import/mapping/check-mapping.ts';
import { readFormatOf } from '../../src/import/read-format.ts';
import type { Mapping } from '../../src/model/mapping.ts';
import type { MimeType } from '../../src/model/records.ts';
import { runs } from '../client.ts';
import { readDocument } from '../import/both-ways.ts';

/** An own value, and what a script would write for it: in the field's own spelling, or nothing. */
type Cell = { readonly own: string; readonly means: string };
type Column = { readonly name: string; readonly field: string; readonly cell: fc.Arbitrary<Cell> };

const same = (own: string): Cell => ({ own, means: own });
const BLANK = fc.constantFrom('', '', ' ', '\t').map((own) => ({ own, means: '' }));
const cells = (...arbitraries: fc.Arbitrary<Cell>[]) =>
  fc.oneof({ weight: 5, arbitrary: fc.oneof(...arbitraries) }, { weight: 2, arbitrary: BLANK });

const id = cells(
  fc
    .constantFrom('u1', 'u2', ' padded ', 'quo"ted', 'semi;colon', 'com,ma', 'é', '12.0', 'a@b.example')
    .map(same),
);
/** As spreadsheets are kept from making a number of it. */
const sheetId = cells(
  fc.constantFrom('u1', ' padded ', "it's").map(same),
  fc.constantFrom('00123', '', "'x", '12.0').map((means) => ({ own: `'${means}`, means })),
  fc.constantFrom('00123', 'a"b').map((means) => ({ own: `="${means.replaceAll('"', '""')}"`, means })),
);
const hash = cells(fc.constantFrom('ab12', 'ABCDEF12', 'x').map(same));
const operation = cells(
  fc.constantFrom('UPDATE', 'DELETE', 'upsert', ' UPDATE ').map(same),
  fc.constantFrom('add', 'ADD', ' Add ').map((own) => ({ own, means: 'UPDATE' })),
  fc.constantFrom('remove', 'Remove').map((own) => ({ own, means: 'DELETE' })),
);
const segment = cells(
  fc.constantFrom('alpha', 'short', 'paused', 'nowhere', 'vip é').map(same),
  fc.constant({ own: 'Gold customers', means: 'alpha' }),
);
const segmentId = cells(fc.constantFrom('1', '2', '3', '4', '10', '01', ' 1 ', '99').map(same));
const bag = cells(fc.constantFrom('{"a":1}', '{}', '{"b":"x;y,\\"z\\""}', '[]', 'no').map(same));

const INSTANT = fc.integer({ min: 1_000_000_000, max: 4_000_000_000 }).map((seconds) => seconds * 1000);
const EXPIRIES: Readonly<Record<string, fc.Arbitrary<Cell>>> = {
  milliseconds: cells(
    INSTANT.map((at) => same(String(at))),
    fc.constantFrom('0', 'soon').map(same),
  ),
  seconds: cells(
    INSTANT.map((at) => ({ own: String(at / 1000), means: String(at) })),
    fc.constantFrom('0', 'soon', '-1').map(same),
  ),
  iso_8601: cells(
    INSTANT.map((at) => ({ own: new Date(at).toISOString(), means: String(at) })),
    INSTANT.map((at) => ({ own: `${new Date(at).toISOString().slice(0, 19)}+00:00`, means: String(at) })),
    INSTANT.map((at) => ({
      own: ` ${new Date(at + 7_200_000).toISOString().slice(0, 19).replace('T', ' ')}+0200`,
      means: String(at),
    })),
    // as BigQuery and Snowflake write them
    INSTANT.map((at) => ({
      own: `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`,
      means: String(at),
    })),
    INSTANT.map((at) => ({
      own: `${new Date(at - 1_800_000).toISOString().slice(0, 23).replace('T', ' ')} -00:30`,
      means: String(at),
    })),
    INSTANT.map((at) => at - (at % 86_400_000)).map((day) => ({
      own: new Date(day).toISOString().slice(0, 10),
      means: String(day),
    })),
    fc
      .constantFrom('2026-02-30', '31.12.2026', '1800000000000', 'never')
      .map((own) => ({ own, means: 'no' })),
    fc.constant(same('0')),
  ),
  minutes: cells(
    fc.nat(10_000_000).map((n) => same(String(n))),
    fc.constantFrom('1.5', 'x').map(same),
  ),
  hours: cells(
    fc.nat(100_000).map((n) => ({ own: String(n), means: String(60 * n) })),
    fc.constantFrom('1.5', 'x').map((own) => ({ own, means: 'x' })),
  ),
  days: cells(
    fc.nat(10_000).map((n) => ({ own: String(n), means: String(1440 * n) })),
    fc.constantFrom({ own: '1.0', means: '1440' }, { own: 'x', means: 'x' }),
  ),
  with_unit: cells(
    fc.nat(5_000).map((n) => ({ own: `${n}d`, means: String(1440 * n) })),
    fc.nat(5_000).map((n) => ({ own: ` ${n} Hours`, means: String(60 * n) })),
    fc.nat(500).map((n) => ({ own: `${n} weeks`, means: String(10_080 * n) })),
    fc.nat(5_000).map((n) => ({ own: `${n}m`, means: String(n) })),
    fc
      .constantFrom('30', '1.5h', '3 months', 'd', '-1d', 'P1D', '9999999999d')
      .map((own) => ({ own, means: 'x' })),
    fc.constant(same('0')),
  ),
  // of the two fields that take ISO 8601 the other one
  'iso_8601 duration': cells(
    fc.nat(5_000).map((n) => ({ own: `P${n}D`, means: String(1440 * n) })),
    fc.nat(500).map((n) => ({ own: `P${n}WT1H2M`, means: String(10_080 * n + 62) })),
    fc.nat(5_000).map((n) => ({ own: `pt${n}h`, means: String(60 * n) })),
    fc.constantFrom('P', 'PT', 'P1M', 'P1Y', 'PT5S', '30d', '30').map((own) => ({ own, means: 'x' })),
    fc.constant(same('0')),
  ),
};
const INSTANT_NAMES = ['milliseconds', 'seconds', 'iso_8601'];

const identifiers: readonly Column[] = [
  { name: 'Customer ID', field: 'user_account_id', cell: id },
  { name: 'Other ID', field: 'user_account_id', cell: id },
  { name: 'Sheet ID', field: 'user_account_id', cell: sheetId },
  { name: 'Hash', field: 'email_hash', cell: hash },
  { name: 'Device', field: 'user_agent_id', cell: id },
];
const segments: readonly Column[] = [
  { name: 'Segment', field: 'segment_technical_name', cell: segment },
  { name: 'Second segment', field: 'segment_technical_name', cell: segment },
  { name: 'List', field: 'segment_id', cell: segmentId },
  { name: 'Lists', field: 'segment_technical_names', cell: segment },
  // under its own name
  { name: 'segment_ids', field: '', cell: segmentId },
];

type Draft = {
  readonly columns: readonly Column[];
  readonly order: readonly number[];
  readonly input: MappingInput;
  readonly rows: readonly (readonly Cell[])[];
  readonly delimiter: string;
  readonly hasBom: boolean;
  readonly capitals: boolean;
};

const draft: fc.Arbitrary<Draft> = fc
  .record({
    ids: fc.shuffledSubarray([...identifiers], { minLength: 1 }),
    named: fc.shuffledSubarray([...segments], { minLength: 0 }),
    hasOp: fc.boolean(),
    hasBag: fc.boolean(),
    format: fc.constantFrom(...Object.keys(EXPIRIES)),
    hasExpiry: fc.boolean(),
    compartment: fc.constantFrom(undefined, '1', '2', '3'),
    defaults: fc.constantFrom(
      { expiration_duration: 0, segment_technical_name: 'alpha' },
      { expiration_duration: '30', segment_ids: ['1', '2'] },
      { segment_id: '2' },
      {},
    ),
    delimiter: fc.constantFrom(';', ',', '\t'),
    hasBom: fc.boolean(),
    capitals: fc.boolean(),
    seed: fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
  })
  .chain((of) => {
    const expiry: Column[] = of.hasExpiry
      ? [
          {
            name: 'Expires',
            field: INSTANT_NAMES.includes(of.format) ? 'expiration_ts' : 'expiration_duration',
            cell: EXPIRIES[of.format] ?? id,
          },
        ]
      : [];
    const columns: Column[] = [
      ...of.ids,
      ...of.named,
      ...(of.hasOp ? [{ name: 'Op', field: 'operation', cell: operation }] : []),
      ...expiry,
      ...(of.hasBag ? [{ name: 'Bag', field: 'data_bag', cell: bag }] : []),
      { name: 'Note', field: '', cell: id },
    ];
    const order = columns.map((_, i) => i).sort((a, b) => (of.seed[a % 12] ?? 0) - (of.seed[b % 12] ?? 0));
    const input: MappingInput = {
      columns: Object.fromEntries(
        columns.filter(({ field }) => field !== '').map(({ name, field }) => [name, field]),
      ),
      values: {
        operation: { add: 'UPDATE', remove: 'DELETE' },
        segment_technical_name: { 'gold customers': 'alpha' },
        segment_technical_names: { 'gold customers': 'alpha' },
      },
      defaults: {
        ...of.defaults,
        ...(of.hasOp ? {} : { operation: 'UPDATE' }),
        ...(of.compartment === undefined ? {} : { compartment_id: of.compartment }),
      },
      formats: {
        ...(of.hasExpiry ? { Expires: of.format.split(' ', 1)[0] ?? '' } : {}),
        ...(of.ids.some(({ name }) => name === 'Sheet ID') ? { 'Sheet ID': 'spreadsheet_text' } : {}),
      },
    };
    const { delimiter, hasBom, capitals } = of;
    const row = fc.tuple(...columns.map(({ cell }) => cell));
    return fc
      .array(row, { minLength: 1, maxLength: 12 })
      .map((rows) => ({ columns, order, input, rows, delimiter, hasBom, capitals }));
  });

/**
 * What a simple script makes of a row: the first filled column of each field, and of all
 * identifiers; then constants.
 */
function script({ columns, input }: Draft, row: readonly Cell[]): Readonly<Record<string, string>> {
  const command: Record<string, string> = {};
  const isIdentifier = (field: string) => ['user_account_id', 'email_hash', 'user_agent_id'].includes(field);
  for (const [i, { name, field }] of columns.entries()) {
    const means = row[i]?.means ?? '';
    const target = field === '' && name !== 'Note' ? name : field;
    if (target === '' || means.trim() === '' || target in command) continue;
    if (isIdentifier(target) && Object.keys(command).some(isIdentifier)) continue;
    command[target] = means;
  }
  const kinds = [['segment_id', 'segment_ids', 'segment_technical_name', 'segment_technical_names']];
  kinds.push(['expiration_ts', 'expiration_duration']);
  const before = Object.keys(command);
  for (const [field, value] of Object.entries(input.defaults ?? {})) {
    const kind = kinds.find((each) => each.includes(field)) ?? [field];
    if (kind.some((each) => before.includes(each))) continue;
    command[field] = Array.isArray(value) ? JSON.stringify(value) : String(value);
  }
  return command;
}

function outcomesOf(text: string, mimeType: MimeType, mapping: Mapping | null) {
  const document = Buffer.from(text);
  const read = readFormatOf(document, { mimeType, profile: 'COMMANDS', mapping });
  assert.ok(read.ok, read.ok ? '' : read.message);
  const ways = (['reference', 'plain'] as const).map((way) => readDocument(read.format, document, way, 64));
  assert.deepEqual(ways[1]?.outcomes, ways[0]?.outcomes);
  // messages show what the file has, which differs
  const codes = ways[0]?.outcomes.map((each) => each.replace(/,"message":".*"\}\]$/, '}]'));
  return { codes, plain: ways[1]?.plain ?? 0 };
}

function mappingOf({ input }: Draft): Mapping {
  const checked = checkMapping(input);
  assert.ok(checked.ok, checked.ok ? '' : checked.message);
  return checked.mapping;
}

test('a mapped CSV means what a simple script would have made of it', () => {
  let plain = 0;
  let rows = 0;
  fc.assert(
    fc.property(draft, (of) => {
      const names = of.order.map((i) => of.columns[i]?.name ?? '');
      const header = names.map((name) => (of.capitals ? ` ${name.toUpperCase()}` : name));
      const data = of.rows.map((row) => of.order.map((i) => row[i]?.own ?? ''));
      const own = Papa.unparse({ fields: header, data }, { delimiter: of.delimiter, newline: '\r\n' });
      const commands = of.rows.map((row) => script(of, row));
      // a row with nothing but a note is no blank one
      const fields = [...new Set(['operation', 'user_account_id', ...commands.flatMap(Object.keys), 'Note'])];
      const isBlank = (row: readonly Cell[]) => row.every((cell) => cell.own.trim() === '');
      const scripted = Papa.unparse(
        {
          fields,
          data: commands.map((c, i) =>
            isBlank(of.rows[i] ?? []) ? [] : fields.map((f) => (f === 'Note' ? 'note' : (c[f] ?? ''))),
          ),
        },
        { newline: '\n' },
      );
      const mapped = outcomesOf((of.hasBom ? '\ufeff' : '') + own, 'TEXT_CSV', mappingOf(of));
      assert.deepEqual(mapped.codes, outcomesOf(scripted, 'TEXT_CSV', null).codes);
      plain += mapped.plain;
      rows += of.rows.length;
    }),
    { numRuns: runs(400) },
  );
  assert.ok(plain > rows / 20, `${plain} of ${rows} rows were plain`);
});

test('mapped NDJSON means what a simple script would have made of it, nested members too', () => {
  let plain = 0;
  fc.assert(
    fc.property(draft, fc.boolean(), (of, isNested) => {
      const pathOf = (name: string) => (isNested && name !== 'segment_ids' ? `row.${name}` : name);
      const columns = Object.fromEntries(
        Object.entries(of.input.columns ?? {}).map(([name, field]) => [pathOf(name), field]),
      );
      const formats = Object.fromEntries(
        Object.entries(of.input.formats ?? {}).map(([name, format]) => [pathOf(name), format]),
      );
      const mapping = mappingOf({ ...of, input: { ...of.input, columns, formats } });
      const own = of.rows.map((row) => {
        const members = of.order.flatMap((i): [string, string][] => {
          const name = of.columns[i]?.name ?? '';
          return name === 'Note' ? [] : [[name, trimmed(of.columns[i], row[i]?.own ?? '')]];
        });
        const inside = members.filter(([name]) => name !== 'segment_ids');
        const outside = members.filter(([name]) => name === 'segment_ids');
        return JSON.stringify(
          isNested
            ? { row: Object.fromEntries(inside), ...Object.fromEntries(outside) }
            : Object.fromEntries(members),
        );
      });
      const scripted = of.rows.map((row) => {
        const command = script(
          of,
          row.map((cell, i) => ({ ...cell, means: trimmed(of.columns[i], cell.means) })),
        );
        const { segment_ids: ids, ...rest } = command;
        const list = ids?.startsWith('[') ? (JSON.parse(ids) as unknown) : ids;
        return JSON.stringify(ids === undefined ? rest : { ...rest, segment_ids: list });
      });
      const mapped = outcomesOf(own.join('\n'), 'APPLICATION_X_NDJSON', mapping);
      assert.deepEqual(mapped.codes, outcomesOf(scripted.join('\n'), 'APPLICATION_X_NDJSON', null).codes);
      plain += mapped.plain;
    }),
    { numRuns: runs(400) },
  );
  assert.ok(plain > 0);
});

/** NDJSON trims nothing. */
function trimmed(column: Column | undefined, value: string): string {
  const isVerbatim = ['user_account_id', 'email_hash', 'user_agent_id'].includes(column?.field ?? '');
  return isVerbatim ? value : value.trim();
}
