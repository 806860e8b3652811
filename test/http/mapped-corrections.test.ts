import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
  type AnyFormat,
  createImport,
  createSegment,
  type ExecutionAnswer,
  errorFile,
  getExecution,
  getSegment,
  membershipsOf,
  upload,
  waitForEnd,
} from '../client.ts';
import { startService } from '../helper.ts';
import { parquetOf, rowsSql } from '../parquet.ts';

type Corrected = ExecutionAnswer & {
  readonly repaired?: number | null;
  readonly corrected_by?: readonly { id: string; repaired: number | null }[];
};

const MAPPING = {
  columns: {
    'Customer ID': 'user_account_id',
    Segment: 'segment_technical_name',
    Op: 'operation',
    Expires: 'expiration_ts',
  },
  values: { operation: { add: 'UPDATE', remove: 'DELETE' }, expiration_ts: { never: 0 } },
  hash: { Email: 'sha256' },
  formats: { 'Customer ID': 'spreadsheet_text', Expires: 'iso_8601' },
};

/** A row that is right, and four of which each has something else wrong with it. */
const ROWS = [
  { 'Customer ID': "'001", Email: '', Segment: 'vip', Op: 'add', Expires: '2030-12-31' },
  { 'Customer ID': "'002", Email: '', Segment: 'vipp', Op: 'add', Expires: 'never' },
  { 'Customer ID': "'003", Email: '', Segment: 'vip', Op: 'hinzu', Expires: '2030-12-31' },
  { 'Customer ID': "'004", Email: '', Segment: 'vip', Op: 'add', Expires: '31.12.2030' },
  { 'Customer ID': '', Email: 'ada at a.example', Segment: 'vip', Op: 'add', Expires: '2030-12-31' },
];
const CODES = { UNKNOWN_SEGMENT: 1, INVALID_OPERATION: 1, INVALID_EXPIRATION: 1, INVALID_ADDRESS: 1 };
const ADA = createHash('sha256').update('ada@a.example').digest('hex');
const END = Date.UTC(2030, 11, 31);

/** What somebody types into the error file, whichever its format. */
const correct = (errors: string) =>
  errors
    .replaceAll('vipp', 'vip')
    .replaceAll('hinzu', 'add')
    .replaceAll('31.12.2030', '2030-12-31')
    .replaceAll('***@***', 'Ada@a.example');

const NAMES = Object.keys(ROWS[0] ?? {});
const FILES: Readonly<Record<AnyFormat, () => Promise<string | Uint8Array>>> = {
  CSV: async () =>
    [NAMES, ...ROWS.map((row) => Object.values(row))].map((cells) => `${cells.join(';')}\r\n`).join(''),
  NDJSON: async () => ROWS.map((row) => `${JSON.stringify(row)}\n`).join(''),
  PARQUET: () =>
    parquetOf(
      rowsSql(
        ROWS.map((row) =>
          Object.fromEntries(
            Object.entries(row).map(([name, value]) => [name, `'${value.replaceAll("'", "''")}'`]),
          ),
        ),
      ),
    ),
};

for (const format of ['CSV', 'NDJSON', 'PARQUET'] as const)
  test(`${format}: the error file of a mapped file is corrected in its own columns and words, and sent again`, async (t) => {
    const service = await startService(t);
    const segmentId = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
    const documentImportId = await createImport(service, { format, mapping: MAPPING });
    const of = { datamartId: '1', documentImportId };
    const body = await FILES[format]();
    const first = await waitForEnd(service, await upload(service, { ...of, format, body }));
    assert.deepEqual(first.result.failures_by_code, CODES);
    const errors = await errorFile(service, first);
    assert.doesNotMatch(errors, /ada at/, 'what is no address is masked');

    // as it is, it fails for the same reasons and repairs nothing
    const again = {
      ...of,
      format: format === 'PARQUET' ? 'NDJSON' : format,
      query: `corrects=${first.id}`,
    } as const;
    const unchanged = await waitForEnd(service, await upload(service, { ...again, body: errors }));
    assert.deepEqual(unchanged.result.failures_by_code, CODES);

    const second = (await waitForEnd(
      service,
      await upload(service, { ...again, body: correct(errors) }),
    )) as Corrected;
    assert.deepEqual([second.result.failures_by_code, second.repaired], [{}, 4]);
    const { corrected_by: by } = (await getExecution(service, first)) as Corrected;
    assert.deepEqual(
      by?.map(({ repaired }) => repaired),
      [0, 4],
    );
    for (const [user, end] of [
      ...(['001', '003', '004'] as const).map((id) => [`user_account_id=${id}`, END] as const),
      ['user_account_id=002', null] as const,
      [`email_hash=${ADA}`, END] as const,
    ]) {
      const [membership] = (await membershipsOf(service, user)) ?? assert.fail(user);
      assert.equal(membership?.expiration_ts, end, user);
    }
    assert.equal((await getSegment(service, segmentId)).user_points_count, ROWS.length);
  });
