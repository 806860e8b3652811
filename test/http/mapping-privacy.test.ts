import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createImport, createSegment, dataOf, errorFile, type Format, runFile } from '../client.ts';
import { startService } from '../helper.ts';

const IMPORTS = '/v1/datamarts/1/document_imports';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Stands in each clear value of these files, and in nothing else. */
const SECRET = 'zyxw.secret';
const PHONE = '4917155501';

const MAPPING = {
  columns: {
    Customer: 'user_account_id',
    'contact.mail': 'email_hash',
    Phone: 'email_hash',
    Op: 'operation',
  },
  values: { operation: { add: 'UPDATE' } },
  defaults: { segment_technical_name: 'vip', expiration_duration: 0 },
  hash: { 'contact.mail': 'google_email', Phone: 'google_phone' },
};

/** Files under a folder that hold a clear value, in whatever case. */
async function filesWith(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const text = (await readFile(file)).toString('latin1').toLowerCase();
    if (text.includes(SECRET) || text.includes(PHONE)) found.push(path.relative(folder, file));
  }
  return found;
}

/**
 * Sound rows, and rows that fail in each way in which the place of an address or a number may be
 * lost.
 */
const ROWS: Readonly<Record<Format, readonly string[]>> = {
  CSV: [
    'Customer;contact.mail;Phone;Op;Note',
    `;a.${SECRET}@gmail.com;;add;`,
    `;;+${PHONE}1;add;`,
    `c1;b.${SECRET}@x.example;+${PHONE}2;add;`,
    `;c.${SECRET}@x.example;;upsert;`,
    `;;0${PHONE}3x;add;`,
    `;e.${SECRET}@x.example;;add;;;more;and more`,
    `;"f.${SECRET}@x.example"x;;add;`,
    `;"g.${SECRET}@x.example;;add;`,
  ],
  NDJSON: [
    `{"contact":{"mail":"a.${SECRET}@gmail.com"},"Op":"add"}`,
    `{"Phone":"+${PHONE}1","Op":"add"}`,
    `{"Customer":"c1","Phone":"+${PHONE}2","Op":"add"}`,
    `{"contact":{"mail":"c.${SECRET}@x.example"},"Op":"upsert"}`,
    `{"contact":{"mail":["g.${SECRET}@x.example"]},"Op":"add"}`,
    `{"contact":{"mail":"h.${SECRET}@x.example","mail":"i.${SECRET}@x.example"},"Op":"no"}`,
    `["k.${SECRET}@x.example"]`,
    `{"contact":{"mail":"j.${SECRET}@x.example"},"Op":"add"`,
  ],
};

for (const format of ['CSV', 'NDJSON'] as const) {
  test(`${format}: no byte of an address or a number is kept, whatever becomes of its line`, async (t) => {
    // chunks of so few rows that the error file has several parts, and the runs are not of one
    // group
    const service = await startService(t, { chunkRows: 3 });
    await createSegment(service, { name: 'VIP', technical_name: 'vip' });
    const documentImportId = await createImport(service, { format, mapping: MAPPING });
    const body = `${ROWS[format].join('\n')}\n`;
    const execution = await runFile(service, format, body, { documentImportId });
    assert.equal(execution.status, 'SUCCEEDED');
    const { total_success, total_failure } = execution.result;
    assert.deepEqual(
      [total_success, total_failure],
      [3, 5],
      JSON.stringify(execution.result.failures_by_code),
    );
    const failed = await errorFile(service, execution);
    assert.ok(failed.includes(sha256(`c.${SECRET}@x.example`)), failed);
    assert.ok(!failed.toLowerCase().includes(SECRET));
    await runFile(service, format, failed, { documentImportId });
    await runFile(service, format, body, { documentImportId, query: 'dry_run=true' });
    await runFile(service, format, body, { documentImportId, query: 'mode=replace&max_failure_ratio=1' });
    const executions = `${IMPORTS}/${documentImportId}/executions`;
    for (const uri of [executions, `${executions}/${execution.id}/errors`]) {
      const text = JSON.stringify(await dataOf(service.call('GET', uri)));
      assert.ok(!text.includes(SECRET) && !text.includes(PHONE), uri);
    }
    assert.deepEqual(await filesWith(service.config.data), []);
    await service.stop();
    assert.deepEqual(await filesWith(service.config.data), []);
  });
}
