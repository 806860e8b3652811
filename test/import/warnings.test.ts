import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type ImportJob, importDocument } from '../../src/import/import-document.ts';
import { nearestField } from '../../src/import/nearest-field.ts';
import { holdsEmail, ODD, oddIdentifier } from '../../src/import/warnings.ts';
import { KIND_BIT } from '../../src/model/identifier.ts';
import {
  addWarnings,
  examplesOf,
  fileWarning,
  NO_WARNINGS,
  WARNING_CODES,
  type Warnings,
} from '../../src/model/warning.ts';
import { createSegment } from '../store/contract.ts';
import { NOW, setUp } from './one-file.ts';

/**
 * Plain lines and others, some with a name that is new; the reader takes plain ones before the
 * others of their block.
 */
const CONTENT = Array.from({ length: 400 }, (_, i) => {
  const blank = i % 3 === 0 ? ' ' : '';
  const more = i % 7 === 0 ? `,"extra_${i % 40}":1` : '';
  return `{"operation":"DELETE","user_account_id":"u${i}${blank}","segment_id":"1"${more}}\n`;
}).join('');

test('an import that is interrupted at every checkpoint warns of what an undisturbed one warns of', async (t) => {
  const warningsOf = async (interrupted: boolean) => {
    const { store, claim, jobOf } = await setUp(t, CONTENT);
    await createSegment(store);
    let runs = 0;
    for (let worker = 'w0'; ; worker = `w${runs}`) {
      const now = NOW + runs * 1000;
      const execution = await claim(worker, now, now + 500);
      const stop = new AbortController();
      const more: Partial<ImportJob> = {
        signal: stop.signal,
        limits: { bytes: 4096, rows: 50 },
        onCheckpoint: () => interrupted && stop.abort(),
      };
      runs++;
      if ((await importDocument(jobOf(execution, worker, more), store)) !== 'DONE') continue;
      const checkpoint = (await store.executions.get(execution.id))?.checkpoint;
      assert.equal(checkpoint?.successes, 400);
      return { runs, warnings: checkpoint.warnings };
    }
  };
  const [one, other] = [await warningsOf(false), await warningsOf(true)];
  assert.equal(one.runs, 1);
  assert.ok(other.runs > 4, `it was interrupted ${other.runs - 1} times`);
  assert.deepEqual(other.warnings, one.warnings);
  assert.deepEqual(one.warnings?.counts, { UNKNOWN_FIELD: 40, SURROUNDING_BLANKS: 134 });
  const blanks = examplesOf(one.warnings).filter(({ code }) => code === 'SURROUNDING_BLANKS');
  assert.deepEqual(
    blanks.map(({ line }) => line),
    Array.from({ length: 20 }, (_, i) => i * 3 + 1),
  );
});

test('warnings of the parts of a file add up, whatever the parts', () => {
  const part = (line: number, names: readonly string[]): Warnings => ({
    counts: { UNKNOWN_FIELD: names.length, LOOKS_LIKE_FLOAT: 15 },
    lines: {
      UNKNOWN_FIELD: names.map((field) => ({ line, field })),
      LOOKS_LIKE_FLOAT: Array.from({ length: 15 }, (_, i) => ({ line: line + i, field: 'user_account_id' })),
    },
  });
  const names = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `n${from + i}`);
  const parts = [
    part(1, names(0, 60)),
    part(100, names(30, 110)),
    part(200, names(0, 1)),
    fileWarning('NO_COMMANDS'),
  ];
  const [a = NO_WARNINGS, b = NO_WARNINGS, c = NO_WARNINGS, d = NO_WARNINGS] = parts;
  const left = addWarnings(addWarnings(addWarnings(a, b), c), d);
  assert.deepEqual(addWarnings(a, addWarnings(b, addWarnings(c, d))), left);
  assert.deepEqual(left.counts, { NO_COMMANDS: 1, UNKNOWN_FIELD: 100, LOOKS_LIKE_FLOAT: 45 });
  assert.equal(left.lines.LOOKS_LIKE_FLOAT?.length, 20);
  assert.equal(left.lines.UNKNOWN_FIELD?.at(-1)?.field, 'n99');
});

test('what looks like a number, a hash or an address is told from what only resembles it', () => {
  const is = (kind: keyof typeof KIND_BIT, bit: number) => (value: string) =>
    (oddIdentifier(KIND_BIT[kind], value) & bit) !== 0;
  const floats = ['123.0', '0.00', '-5.0', '1.23E+15', '1.5e3', '1,5E-7', '1E+15', '7,0', ' 9.0 '];
  const noFloats = [
    '123',
    '12.5',
    '1234567890.1600000000',
    '12e5',
    '4e-5',
    '.0',
    '5.',
    '1.0.0',
    'v1.0',
    '0x1.0',
    'e+1',
  ];
  assert.deepEqual([...floats, ...noFloats].filter(is('USER_ACCOUNT', ODD.FLOAT)), floats);
  const hashes = ['ABCDEF01', 'abcdeF01', 'A'.repeat(64)];
  const noHashes = ['abcdef01', '12345678', 'ABCDEF0', 'ABCDEF', 'ABCDEFGH', 'QUJDRA=='];
  assert.deepEqual([...hashes, ...noHashes].filter(is('USER_EMAIL', ODD.CAPITALS)), hashes);
  assert.equal(is('USER_ACCOUNT', ODD.CAPITALS)('ABCDEF01'), false);
  const addresses = [
    'a@b.c',
    'A.B+c@d-e.example',
    'mailto:a@b.c',
    'Ann <a@b.example>',
    'é@ü.example',
    'a@b.c ',
  ];
  const noAddresses = ['a@', '@b.c', 'a@b', 'a @b.c', 'a@.c', 'a@b.', '@', 'a.b', 'a@b/c.d'];
  assert.deepEqual([...addresses, ...noAddresses].filter(is('USER_AGENT', ODD.EMAIL)), addresses);
  // whatever is in it, time linear in its length
  for (const nasty of [
    '@'.repeat(1e6),
    `a@${'.'.repeat(1e6)}`,
    `${'1'.repeat(1e6)}x`,
    `${'ab'.repeat(5e5)}x`,
  ]) {
    const bytes = new TextEncoder().encode(nasty);
    const before = performance.now();
    holdsEmail(bytes, 0, bytes.length);
    for (const kind of Object.values(KIND_BIT)) oddIdentifier(kind, nasty);
    assert.ok(performance.now() - before < 2000);
  }
});

test('docs/commands.md has a line for every warning', () => {
  const text = readFileSync(new URL('../../docs/commands.md', import.meta.url), 'utf8');
  const rows = [
    ...(text
      .split('## Warnings')[1]
      ?.split('\n## ')[0]
      ?.matchAll(/^\| `([A-Z_]+)` \|/gm) ?? []),
  ];
  assert.deepEqual(
    rows.map(([, code]) => code),
    [...WARNING_CODES],
  );
});

test('a name is near the field that was meant, or near none', () => {
  const fields = [
    'operation',
    'user_account_id',
    'email_hash',
    'segment_id',
    'segment_ids',
    'expiration_ts',
    'data_bag',
  ];
  for (const [name, expected] of [
    ['Operation', 'operation'],
    ['userAccountId', 'user_account_id'],
    ['User account-ID', 'user_account_id'],
    ['user_acount_id', 'user_account_id'],
    ['email', 'email_hash'],
    ['segment_ids ', 'segment_ids'],
    ['segmentid', 'segment_id'],
    ['expiration', 'expiration_ts'],
    ['Customer name', null],
    ['id', null],
    ['', null],
    ['note', null],
  ] as const)
    assert.equal(nearestField(name, fields), expected, name);
});
