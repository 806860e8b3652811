import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { csvFormat } from '../../src/import/csv.ts';
import { findHeaderEnd, headerText, parseCsvHeader } from '../../src/import/csv-header.ts';
import { type DocumentFormat, type DocumentRecord, isRejection } from '../../src/import/document-format.ts';
import { checkMapping } from '../../src/import/mapping/check-mapping.ts';
import { mappedNdjson, ndjsonFormat } from '../../src/import/ndjson.ts';
import { findLines, type Range } from '../../src/import/redact/find-lines.ts';
import { namesUser } from '../../src/import/redact/sought.ts';
import { withoutLines } from '../../src/import/redact/without-lines.ts';
import { buildCatalogue } from '../../src/model/catalogue.ts';
import type { Sought } from '../../src/model/erasure.ts';
import type { MimeType } from '../../src/model/records.ts';
import { runs } from '../client.ts';
import { csvFile, ndjsonFile } from '../properties/files.ts';
import { SOME_NAMES, spoiltFile } from '../properties/mutations.ts';

const catalogue = buildCatalogue({ datamartId: '1', version: 0, selections: [], segments: [] });
const NO_SIGNAL = new AbortController().signal;

function formatOf(document: Buffer): DocumentFormat | null {
  const end = findHeaderEnd(document, { at: 'CELL_START' });
  const head = document.subarray(0, end === -1 ? document.length : end);
  const parsed = parseCsvHeader(headerText(head), 'COMMANDS');
  const lines = head.toString('latin1').split('\n').length;
  if (!parsed.ok) return null;
  return csvFormat(parsed.header, { offset: end === -1 ? document.length : end + 1, line: lines });
}

/** Every record, read as an import reads it when nothing is passed over. */
function recordsOf(format: DocumentFormat, document: Buffer): DocumentRecord[] {
  const splitter = format.createSplitter(format.start);
  return [
    ...splitter.push(document.subarray(format.start.offset), false),
    ...splitter.push(Buffer.alloc(0), true),
  ];
}

/** The identifier of some record, as somebody who is to be erased. */
function someUser(records: readonly DocumentRecord[], number: number): Sought | null {
  const users = records.flatMap(({ content }): Sought[] => {
    if (isRejection(content)) return [];
    const { user_account_id, email_hash, user_agent_id } = content.fields;
    const of = { erasureId: '1', compartmentId: '1' };
    return [
      ...(typeof user_account_id === 'string'
        ? [{ ...of, kind: 'USER_ACCOUNT' as const, value: user_account_id }]
        : []),
      ...(typeof email_hash === 'string' ? [{ ...of, kind: 'USER_EMAIL' as const, value: email_hash }] : []),
      ...(typeof user_agent_id === 'string'
        ? [{ ...of, kind: 'USER_AGENT' as const, value: user_agent_id }]
        : []),
    ];
  });
  const user = users[number % Math.max(1, users.length)];
  return user === undefined || user.value.trim() === '' ? null : user;
}

/** Reads a document by position, and as a store may at times gives less than it is asked for. */
function readerOf(document: Buffer, most: number) {
  return {
    read: async (position: number, length: number) =>
      document.subarray(position, position + Math.min(length, most)),
  };
}

async function assertRedacted(of: {
  format: DocumentFormat;
  document: Buffer;
  mimeType: MimeType;
  number: number;
}): Promise<number> {
  const { format, document, mimeType, number } = of;
  const records = recordsOf(format, document);
  const user = someUser(records, number);
  if (user === null) return 0;
  const expected = records
    .filter((record) => namesUser(record, user, { catalogue, mimeType, file: 'input' }))
    .map(({ start, end }): Range => ({ start, end: end.offset }));
  const file = readerOf(document, 1 + (number % 500));
  const search = { file, format, mimeType, which: 'input' as const, sought: [user], catalogue };
  const found = await findLines({ ...search, signal: NO_SIGNAL });
  assert.deepEqual(found.ranges, expected);
  assert.equal(found.byErasure.get('1') ?? 0, expected.length);
  const blocks: Buffer[] = [];
  for await (const block of withoutLines(file, found.ranges)) blocks.push(block);
  assertWithout(document, { ranges: expected, redacted: Buffer.concat(blocks) });
  return expected.length;
}

/** What is outside the ranges is as it was, and of them the line ends are left. */
function assertWithout(
  document: Buffer,
  { ranges, redacted }: { ranges: readonly Range[]; redacted: Buffer },
): void {
  const parts: Buffer[] = [];
  let at = 0;
  for (const { start, end } of ranges) {
    parts.push(document.subarray(at, start));
    parts.push(Buffer.from(document.subarray(start, end).filter((byte) => byte === 0x0a)));
    at = end;
  }
  parts.push(document.subarray(at));
  assert.ok(Buffer.concat(parts).equals(redacted));
}

test('the lines of a user are found as the reference parser finds them, in any file', async () => {
  let lines = 0;
  const check = async (mimeType: MimeType, document: Buffer, number: number) => {
    const format = mimeType === 'TEXT_CSV' ? formatOf(document) : ndjsonFormat;
    if (format !== null) lines += await assertRedacted({ format, document, mimeType, number });
  };
  const written = (draft: { write: (names: typeof SOME_NAMES, at: number) => { bytes: Buffer } }) =>
    draft.write(SOME_NAMES, 1_800_000_000_000).bytes;
  const numRuns = runs(80);
  await fc.assert(
    fc.asyncProperty(ndjsonFile(30), fc.nat(), (draft, n) =>
      check('APPLICATION_X_NDJSON', written(draft), n),
    ),
    { numRuns },
  );
  await fc.assert(
    fc.asyncProperty(csvFile(30), fc.nat(), (draft, n) => check('TEXT_CSV', written(draft), n)),
    { numRuns },
  );
  await fc.assert(
    fc.asyncProperty(spoiltFile('NDJSON', SOME_NAMES), fc.nat(), (document, n) =>
      check('APPLICATION_X_NDJSON', document, n),
    ),
    { numRuns },
  );
  await fc.assert(
    fc.asyncProperty(spoiltFile('CSV', SOME_NAMES), fc.nat(), (document, n) =>
      check('TEXT_CSV', document, n),
    ),
    { numRuns },
  );
  assert.ok(lines > numRuns, `${lines} lines were found`);
});

test('files over several blocks, and lines over every limit', async () => {
  const line = (user: string, note = '') => `{"user_agent_id":"${user}","note":"${note}"}\n`;
  const kept = line('kept', 'x'.repeat(100));
  const long = line('kept', 'x'.repeat(3 * 1024 * 1024));
  const parts = [
    ...[kept.repeat(5000), line('gone'), kept.repeat(5000), long],
    // the limit cuts off where it names him
    `{"note":"${'x'.repeat(3 * 1024 * 1024)}","user_agent_id":"gone"}\n`,
    ...[kept, line('gone', 'y'.repeat(800_000)), kept.repeat(3000), line('gone').trimEnd()],
  ];
  const document = Buffer.from(parts.join(''));
  const file = readerOf(document, 1_000_000);
  const user: Sought = { erasureId: '1', kind: 'USER_AGENT', compartmentId: '0', value: 'gone' };
  const search = { file, format: ndjsonFormat, mimeType: 'APPLICATION_X_NDJSON' as const };
  const found = await findLines({ ...search, which: 'input', sought: [user], catalogue, signal: NO_SIGNAL });
  assert.equal(found.byErasure.get('1'), 4);
  const blocks: Buffer[] = [];
  for await (const block of withoutLines(file, found.ranges)) blocks.push(block);
  const expected = [
    kept.repeat(5000),
    '\n',
    kept.repeat(5000),
    long,
    '\n',
    kept,
    '\n',
    kept.repeat(3000),
  ].join('');
  assert.ok(Buffer.concat(blocks).equals(Buffer.from(expected)));
});

test('a number beyond 2^53 in any identifier of a mapped record names its user', () => {
  const checked = checkMapping({ columns: { A: 'user_account_id', B: 'user_agent_id' } });
  assert.ok(checked.ok);
  const format = mappedNdjson(checked.mapping);
  const [record] = format
    .createSplitter(format.start)
    .push(Buffer.from('{"A":"x","B":12345678901234567890}\n'), true);
  assert.ok(record);
  const of = { catalogue, mimeType: 'APPLICATION_X_NDJSON', file: 'input' } as const;
  const agent = (value: string) =>
    ({ erasureId: '1', kind: 'USER_AGENT', compartmentId: '0', value }) as const;
  assert.ok(namesUser(record, agent('12345678901234567890'), of));
  assert.ok(!namesUser(record, agent('12345678901234567168'), of));
});
