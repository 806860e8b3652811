import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { MappingInput } from '../../src/import/mapping/check-mapping.ts';
import {
  createSegment,
  dataOf,
  errorFile,
  executionsPath,
  type Format,
  membershipsOf,
  upload,
  waitForEnd,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';

const IMPORTS = '/v1/datamarts/1/document_imports';
const ADDRESS = 'Ada.Lovelace@Analytical.Example';
const HASH = createHash('sha256').update('ada.lovelace@analytical.example').digest('hex');

/** The example of docs/mapping.md. */
const page = readFileSync(new URL('../../docs/mapping.md', import.meta.url), 'utf8');
const CRM_FILE = /```csv\n([^`]*)```/.exec(page)?.[1] ?? '';
const CRM_IMPORT = JSON.parse(/-d '(\{[^']*\})'/.exec(page)?.[1] ?? '') as { mapping: MappingInput };
const CRM_MAPPING = CRM_IMPORT.mapping;

async function createMapped(service: TestService, format: Format, mapping: unknown): Promise<string> {
  const mime = format === 'CSV' ? 'TEXT_CSV' : 'APPLICATION_X_NDJSON';
  const created = dataOf<{ id: string }>(
    service.call('POST', IMPORTS, { name: 'CRM', mime_type: mime, mapping }),
  );
  return (await created).id;
}

async function run(service: TestService, of: { id: string; format: Format; body: string; query?: string }) {
  const { id, ...file } = of;
  const execution = await upload(service, { datamartId: '1', documentImportId: id, ...file });
  return waitForEnd(service, execution);
}

/** The files under a folder that hold a text, in small letters or as it is. */
async function filesHolding(folder: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const content = (await readFile(file)).toString('latin1').toLowerCase();
    if (content.includes(text.toLowerCase())) found.push(file);
  }
  return found;
}

test('files with names of their own are imported by a mapping', async (t: TestContext) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });

  await t.test('the CRM example gets in, and no clear address is kept anywhere', async () => {
    const id = await createMapped(service, 'CSV', CRM_MAPPING);
    const { result } = await run(service, { id, format: 'CSV', body: CRM_FILE });
    assert.deepEqual([result.total_success, { ...result.failures_by_code }], [4, {}]);
    assert.deepEqual({ ...result.warnings }, {});
    const byHash = await membershipsOf(service, `email_hash=${HASH}`);
    assert.equal(byHash?.[0]?.expiration_ts, null);
    const third = await membershipsOf(service, 'user_account_id=C-3');
    assert.equal(third?.[0]?.expiration_ts, Date.parse('2030-12-31T10:00:00Z'));
    for (const text of ['ada.lovelace', 'grace@hopper'])
      assert.deepEqual(await filesHolding(service.config.data, text), []);
    assert.ok((await filesHolding(service.config.data, HASH)).length > 0);
  });

  await t.test(
    'an error file has the own columns, holds no address, and can be corrected and sent again',
    async () => {
      const id = await createMapped(service, 'CSV', CRM_MAPPING);
      const rows = [
        'Customer ID;Email;Segment;Op;Expires',
        `;${ADDRESS};nowhere;add;never`,
        'C-9;;vip;addd;31.12.2026',
      ];
      rows.push(`;no address;vip;add;never`, `;"${ADDRESS}"x;vip;add;never`, `;a;b;c;d;${ADDRESS}`);
      const failed = await run(service, { id, format: 'CSV', body: `${rows.join('\n')}\n` });
      assert.deepEqual(
        { ...failed.result.failures_by_code },
        {
          UNKNOWN_SEGMENT: 1,
          INVALID_OPERATION: 1,
          INVALID_ADDRESS: 1,
          INVALID_CSV: 2,
        },
      );
      const errors = await errorFile(service, failed);
      assert.match(errors, /^error_line;error_code;error_message;Customer ID;Email;Segment;Op;Expires\n/);
      assert.match(errors, new RegExp(`;${HASH};nowhere;add;never\n`));
      for (const text of ['ada.lovelace', 'no address'])
        assert.deepEqual(await filesHolding(service.config.data, text), []);
      const corrected = errors
        .replace(';nowhere;', ';vip;')
        .replace('addd;31.12.2026', 'add;2030-12-31')
        .split('\n')
        .filter((line) => !/INVALID_ADDRESS|INVALID_CSV/.test(line))
        .join('\n');
      const again = await run(service, { id, format: 'CSV', body: corrected });
      assert.deepEqual([again.result.total_success, again.result.total_failure], [2, 0]);
      assert.equal(
        (await membershipsOf(service, 'user_account_id=C-9'))?.[0]?.expiration_ts,
        Date.parse('2030-12-31'),
      );
    },
  );

  await t.test(
    'NDJSON: nested members by their path, hashed where they stand; its error file can be sent again',
    async () => {
      const mapping = {
        columns: {
          'user.id': 'user_account_id',
          'list.name': 'segment_technical_name',
          days: 'expiration_duration',
        },
        hash: { 'user.email': 'sha256' },
        formats: { days: 'days' },
        defaults: { operation: 'UPDATE' },
        values: { segment_technical_name: { 'Very important': 'vip' } },
      };
      const id = await createMapped(service, 'NDJSON', mapping);
      const lines = [
        { user: { id: null, email: ADDRESS }, list: { name: 'very important' }, days: 7 },
        { user: { id: 'N-1', email: ADDRESS }, list: { name: 'vip' }, days: 0 },
        { user: { email: ADDRESS }, list: { name: 'nowhere' }, days: 1 },
        { user: { email: 'n/a' }, list: { name: 'vip' }, days: 1 },
      ].map((line) => JSON.stringify(line));
      lines.push(`{"user": {"email": "${ADDRESS}"`, `{"email":"${ADDRESS.replace('@', '\\u0040')}", oops}`);
      const failed = await run(service, { id, format: 'NDJSON', body: lines.join('\n') });
      assert.deepEqual(
        [failed.result.total_success, { ...failed.result.failures_by_code }],
        [2, { UNKNOWN_SEGMENT: 1, INVALID_ADDRESS: 1, INVALID_JSON: 2 }],
      );
      const member = (await membershipsOf(service, `email_hash=${HASH}`))?.[0];
      assert.equal(member?.expiration_ts, (failed.start_date ?? 0) + 7 * 86_400_000);
      const errors = await errorFile(service, failed);
      const unknown = errors.split('\n').find((line) => line.includes('UNKNOWN_SEGMENT')) ?? '';
      assert.deepEqual(JSON.parse(unknown).user, { email: HASH });
      assert.deepEqual(await filesHolding(service.config.data, 'ada.lovelace'), []);
      const again = await run(service, {
        id,
        format: 'NDJSON',
        body: unknown.replaceAll('"nowhere"', '"vip"'),
      });
      assert.deepEqual([again.result.total_success, again.result.total_failure], [1, 0]);
    },
  );

  await t.test(
    'an execution keeps the mapping of its upload, whatever becomes of that of its import',
    async () => {
      const mapping = {
        columns: { Id: 'user_account_id' },
        defaults: { operation: 'UPDATE', expiration_duration: 0 },
      };
      const id = await createMapped(service, 'CSV', {
        ...mapping,
        defaults: { ...mapping.defaults, segment_technical_name: 'vip' },
      });
      const execution = await upload(service, {
        datamartId: '1',
        documentImportId: id,
        format: 'CSV',
        body: 'Id\nK-1\n',
      });
      const put = (body: unknown) => service.call('PUT', `${IMPORTS}/${id}`, body);
      assert.equal(
        (await put({ mapping: { columns: { Id: 'user_agent_id' }, defaults: mapping.defaults } })).status,
        200,
      );
      assert.equal((await waitForEnd(service, execution)).result.total_success, 1);
      assert.equal((await membershipsOf(service, 'user_account_id=K-1'))?.length, 1);
      const stored = await service.store.executions.get(execution.id);
      assert.deepEqual(stored?.mapping?.columns, { Id: 'user_account_id' });
      const renamed = await dataOf<{ mapping?: unknown }>(put({ name: 'other' }));
      assert.ok(renamed.mapping !== undefined);
      const removed = await dataOf<{ mapping?: unknown }>(put({ mapping: null }));
      assert.equal(removed.mapping, undefined);
      const refused = await service.call(
        'POST',
        executionsPath({ datamartId: '1', documentImportId: id }),
        'Id\nK-1\n',
        {
          'content-type': 'text/csv',
        },
      );
      assert.match(refused.text, /among them operation/);
    },
  );

  await t.test(
    'a header without what the mapping reads is refused, with the name that was probably meant',
    async () => {
      const id = await createMapped(service, 'CSV', CRM_MAPPING);
      const post = (body: string) =>
        service.call('POST', executionsPath({ datamartId: '1', documentImportId: id }), body, {
          'content-type': 'text/csv',
        });
      const refusals: readonly (readonly [string, RegExp])[] = [
        [
          'Customer ID;Segmnt;Op;Expires\nC;vip;add;0\n',
          /segment_technical_name from \\"Segment\\".*did you mean \\"segmnt\\"/,
        ],
        ['Segment;Op;Expires\nvip;add;0\n', /from \\"Customer ID\\" or \\"Email\\"/],
        ['operation,user_account_id,segment_id\nUPDATE,1,1\n', /the mapping reads/],
        ['Customer ID;customer id;Segment;Op;Expires\nC;C;vip;add;0\n', /named twice/],
      ];
      for (const [body, message] of refusals) {
        const { status, text } = await post(body);
        assert.equal(status, 400, body);
        assert.match(text, message);
      }
      // one identifier of several is enough, in any case of letters; other columns are told once
      const { result } = await run(service, {
        id,
        format: 'CSV',
        body: 'EMAIL,segment, OP,Expires,City\na@b.example,vip,add,0,Ulm\n',
      });
      assert.deepEqual([result.total_success, { ...result.warnings }], [1, { UNKNOWN_FIELD: 1 }]);
    },
  );
});

test('a mapping that cannot be used is refused with what was probably meant', async (t) => {
  const service = await startService(t);
  const refusals: readonly (readonly [MappingInput, RegExp])[] = [
    [{ columns: { Id: 'user_acount_id' } }, /must be a field of commands.*did you mean user_account_id/],
    [{ columns: { ' a': 'segment_id', A: 'operation' } }, /are the same/],
    [{ columns: { error_line: 'segment_id' } }, /error files/],
    [{ values: { operation: { add: 'UPSERT' } } }, /must be UPDATE or DELETE, got \\"UPSERT\\"/],
    [{ values: { operation: { add: 'UPDATE', ADD: 'DELETE' } } }, /has another value too/],
    [{ values: { user_account_id: { x: 'y' } } }, /identifiers have no other words/],
    [{ defaults: { user_account_id: '1' } }, /makes one user of them/],
    [{ defaults: { expiration_duration: 'never' } }, /whole number/],
    [{ defaults: { segment_id: ['1', '2'] } }, /one value/],
    [{ hash: { Email: 'sha_256' } }, /did you mean sha256/],
    [{ hash: { Phone: 'google_phone' } }, /which field the phone numbers/],
    [{ columns: { Email: 'segment_id' }, hash: { Email: 'sha256' } }, /this one feeds segment_id/],
    [{ columns: { E: 'expiration_ts' }, formats: { E: 'days' } }, /one of milliseconds, seconds, iso_8601/],
    [{ formats: { E: 'days' } }, /name its field in columns/],
    [{ columns: { E: 'expiration_duration' }, formats: { E: 'with_units' } }, /did you mean with_unit/],
    [{ columns: { E: 'segment_id' }, optional: ['F'] }, /columns that the mapping reads/],
    [{}, /at least one of/],
  ];
  for (const [mapping, message] of refusals) {
    const { status, text } = await service.call('POST', IMPORTS, {
      name: 'x',
      mime_type: 'TEXT_CSV',
      mapping,
    });
    assert.equal(status, 400, JSON.stringify(mapping));
    assert.match(text, message);
  }
  const { status } = await service.call('POST', IMPORTS, { name: 'x', mime_type: 'TEXT_CSV', mapping: 'no' });
  assert.equal(status, 400);
});
