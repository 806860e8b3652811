import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createStartCheck } from '../../src/content/start/check-start.ts';
import { ServiceError } from '../../src/errors.ts';
import { parseCsvHeader } from '../../src/import/csv-header.ts';
import { type Mutation, mutate, mutation, soup } from '../../test/properties/mutations.ts';
import { pure, quickly } from '../target.ts';

const MOST_MS = 2_000;
const REFUSALS = [
  null,
  'EMPTY_FILE',
  'UNSUPPORTED_FILE',
  'CONTENT_TYPE_MISMATCH',
  'NOT_NDJSON',
  'INVALID_HEADER',
];
const NAMES = [
  'operation',
  'user_account_id',
  'email_hash',
  'segment_id',
  'data_bag',
  'OPERATION ',
  '',
  '__proto__',
];
const profile = fc.constantFrom('COMMANDS', 'USER_LIST');
const mime = fc.constantFrom('TEXT_CSV', 'APPLICATION_X_NDJSON');

const names = fc
  .tuple(
    fc.array(fc.oneof(fc.constantFrom(...NAMES), fc.string()), { maxLength: 40 }),
    fc.constantFrom(',', ';', '\t'),
    fc.constantFrom('\n', '\r\n', '\r', ''),
    fc.boolean(),
  )
  .map(([cells, delimiter, end, quoted]) =>
    Buffer.from(cells.map((cell) => (quoted ? `"${cell}"` : cell)).join(delimiter) + end),
  );
const start = fc
  .tuple(fc.oneof(names, names, soup), fc.array(mutation, { maxLength: 6 }))
  .map(([bytes, mutations]: [Buffer, Mutation[]]) => mutate(bytes, mutations));

/** The code with which the start of a document is refused; null when it is taken. */
function refusal(blocks: readonly Buffer[], of: { mime: string; profile: string }): string | null {
  const check = createStartCheck({ mimeType: of.mime as 'TEXT_CSV', profile: of.profile as 'COMMANDS' });
  try {
    for (const block of blocks) check.take(block);
    check.end();
    return null;
  } catch (error) {
    assert.ok(error instanceof ServiceError, String(error));
    return error.code;
  }
}

/** The first bytes of a document, and the header of a CSV one. */
export const header = pure(
  fc.property(start, fc.integer({ min: 1, max: 50 }), mime, profile, (bytes, size, mimeType, which) => {
    const blocks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) blocks.push(bytes.subarray(at, at + size));
    const of = { mime: mimeType, profile: which };
    quickly(MOST_MS, () => {
      const whole = refusal([bytes], of);
      assert.equal(refusal(blocks, of), whole);
      assert.ok(REFUSALS.includes(whole), String(whole));
    });
  }),
  fc.property(start, profile, (bytes, which) => {
    const parsed = parseCsvHeader(bytes.toString('utf8'), which as 'COMMANDS');
    if (!parsed.ok) {
      assert.ok(parsed.message.length > 0 && parsed.message.length < 2_000, parsed.message);
      return;
    }
    const { columns, cells } = parsed.header;
    assert.equal(columns.length, cells.length);
    const named = columns.filter((column) => column !== '');
    assert.equal(new Set(named).size, named.length, 'a column twice');
    if (which === 'COMMANDS') assert.ok(columns.includes('operation'));
  }),
);
