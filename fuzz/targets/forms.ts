import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createImport, executionsPath } from '../../test/client.ts';
import { type Mutation, mutate, mutation, soup } from '../../test/properties/mutations.ts';
import { openService } from '../service.ts';
import type { Target } from '../target.ts';

/** Less than an upload that stands still is waited for, and far more than a small form can need. */
const MOST_MS = 20_000;

const name = fc.constantFrom('file', 'file', 'type', 'other', '__proto__', '', 'a"b');
const fileName = fc.oneof(
  fc.constantFrom(
    undefined,
    'f.ndjson',
    '../../x',
    '',
    '..',
    'a\\"b',
    "'; drop table t; --",
    'a%0d%0ab',
    '\u202ex',
  ),
  fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replace(/["\\\r\n]/g, '')),
);
const content = fc.oneof(
  fc.constantFrom(
    '{"operation":"DELETE","user_account_id":"a","segment_id":"1"}\n',
    '',
    '[',
    ' \n',
    '--b',
    '\r\n--b',
  ),
  soup.map((bytes) => bytes.toString('latin1')),
);
const header = fc.constantFrom(
  '',
  'Content-Type: text/plain\r\n',
  'X: \0\r\n',
  `${'x'.repeat(9_000)}: 1\r\n`,
  'x\r\n',
  ': \r\n',
);

const part = fc.record({ name, fileName, content, header });
const form = fc
  .record({
    parts: fc.array(part, { maxLength: 6 }),
    end: fc.constantFrom('--b--\r\n', '--b--', '--b', ''),
    faults: fc.array(mutation, { maxLength: 4 }),
    boundary: fc.oneof(
      { weight: 8, arbitrary: fc.constant('b') },
      fc.constantFrom('', '"b"', 'B', 'b;', '"', 'c', 'b b'),
    ),
  })
  .map(({ parts, end, faults, boundary }) => ({
    boundary,
    body: mutate(Buffer.from(parts.map(writePart).join('') + end, 'latin1'), faults as Mutation[]),
  }));

function writePart(of: {
  name: string;
  fileName: string | undefined;
  content: string;
  header: string;
}): string {
  const named = of.fileName === undefined ? '' : `; filename="${of.fileName}"`;
  return `--b\r\nContent-Disposition: form-data; name="${of.name}"${named}\r\n${of.header}\r\n${of.content}\r\n`;
}

/** Uploads in forms: taken or refused, never a fault. */
export async function openForms(): Promise<Target> {
  const { client, close } = await openService();
  const documentImportId = await createImport(client, { format: 'NDJSON' });
  const path = executionsPath({ datamartId: '1', documentImportId });
  const property = fc.asyncProperty(form, async ({ boundary, body }) => {
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
    const startedAt = performance.now();
    const answer = await client.call('POST', path, body, headers);
    assert.ok(performance.now() - startedAt < MOST_MS, 'a form that has come is answered soon');
    assert.ok(answer.status === 200 || (answer.status >= 400 && answer.status < 500), answer.text);
    assert.ok(answer.json !== null, 'every answer is JSON');
    if (answer.status !== 200) return;
    const uri = (answer.json as { data: { result: { input_file_uri: string } } }).data.result.input_file_uri;
    const download = await client.call('GET', `/v1/data_file/data?uri=${encodeURIComponent(uri)}`);
    assert.equal(download.status, 200, 'what was taken can be downloaded');
    assert.ok(body.includes(Buffer.from(await bytesOf(download))), 'it is a part of what was sent');
  });
  return { properties: [property as never], close };
}

/** The bytes of a download, as far as they are text. */
async function bytesOf({ text }: { text: string }): Promise<Buffer> {
  return text.includes('\ufffd') ? Buffer.alloc(0) : Buffer.from(text);
}
