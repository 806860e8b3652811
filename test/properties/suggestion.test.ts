import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import Papa from 'papaparse';
import { isRejection } from '../../src/import/document-format.ts';
import { checkMapping } from '../../src/import/mapping/check-mapping.ts';
import type { MimeType } from '../../src/model/records.ts';
import { previewFile } from '../../src/preview/preview-file.ts';
import { runs } from '../client.ts';
import { context, START_DATE } from '../import/both-ways.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** What a column of a kind is called in the files of somebody, and what it holds. */
type Kind = { readonly names: readonly string[]; readonly value: fc.Arbitrary<string> };

const ACCOUNT: Kind = {
  names: [
    'Customer ID',
    'customerId',
    'CUSTOMER_NUMBER',
    'Kundennummer',
    'N° client',
    'ID de cliente',
    'user_account_id',
    'id',
  ],
  value: fc.oneof(
    fc.nat().map(String),
    fc.uuid(),
    fc.nat(999).map((n) => `C-${n}`),
  ),
};
const EMAIL: Kind = {
  names: [
    'Email',
    'E-Mail',
    'EMAIL_ADDRESS',
    'Adresse e-mail',
    'Correo electrónico',
    'email_hash',
    'contact',
  ],
  value: fc.oneof(
    fc.nat(999).map((n) => `Ann.${n}@Example.com`),
    fc.nat(999).map((n) => `bob+${n}@xn--bcher-kva.example`),
  ),
};
const HASHED: Kind = {
  names: ['EMAIL_SHA256', 'email_hash', 'Hash', 'hashed email'],
  value: fc.nat().map((n) => sha256(String(n))),
};
const SEGMENT: Kind = {
  names: ['Segment', 'SEGMENT_NAME', 'Zielgruppe', 'Groupe', 'Lista', 'Audience', 'segment_technical_name'],
  value: fc.constantFrom('alpha', 'beta', 'lasting', 'short'),
};
const PAIRS = [
  ['add', 'remove'],
  ['ADD', 'Remove'],
  ['update', 'delete'],
  ['hinzufügen', 'entfernen'],
  ['ajouter', 'supprimer'],
  ['alta', 'baja'],
  ['I', 'D'],
  ['UPDATE', 'DELETE'],
] as const;
const OPERATION_NAMES = ['Op', 'OPERATION', 'Aktion', 'Opération', 'Operación', 'operation', 'Change type'];
const INSTANT = fc.integer({ min: 1_850_000_000, max: 4_000_000_000 }).map((seconds) => seconds * 1000);
const INSTANT_NAMES = [
  'Expires',
  'EXPIRES_AT',
  'validUntil',
  'Gültig bis',
  'Date d’expiration',
  'Fecha de caducidad',
  'expiration_ts',
];
const EXPIRIES: readonly Kind[] = [
  { names: INSTANT_NAMES, value: INSTANT.map((at) => new Date(at).toISOString().slice(0, 10)) },
  { names: INSTANT_NAMES, value: INSTANT.map((at) => new Date(at).toISOString()) },
  {
    names: INSTANT_NAMES,
    value: INSTANT.map((at) => new Date(at).toISOString().slice(0, 19).replace('T', ' ')),
  },
  { names: INSTANT_NAMES, value: INSTANT.map((at) => String(at / 1000)) },
  { names: INSTANT_NAMES, value: INSTANT.map(String) },
  { names: ['TTL', 'Laufzeit', 'Duración'], value: fc.nat(999).map((n) => `${n + 1}d`) },
  { names: ['TTL', 'duration'], value: fc.nat(999).map((n) => `P${n + 1}D`) },
  {
    names: ['TTL', 'Duration (days)', 'Laufzeit in Tagen', 'Durée en jours', 'expiration_duration'],
    value: fc.nat(3660).map(String),
  },
];
/** Of no use to commands. */
const NOISE: readonly Kind[] = [
  { names: ['City', 'First Name', 'Company'], value: fc.constantFrom('Ulm', 'Ann', 'ACME, Inc; "x"', 'é') },
  { names: ['Created At', 'Birthday'], value: fc.constantFrom('2020-01-31', '1980-02-29') },
  { names: ['Phone', 'Telefon'], value: fc.constantFrom('+49 170 1234567', '0170 1234567') },
  { names: ['Total Spent', 'Orders'], value: fc.constantFrom('12.50', '3', '0') },
];

type Draft = {
  readonly columns: readonly { readonly name: string; readonly cells: readonly string[] }[];
  readonly rows: number;
  readonly delimiter: string;
};

const draft: fc.Arbitrary<Draft> = fc
  .record({
    kinds: fc.constantFrom(
      [ACCOUNT],
      [EMAIL],
      [HASHED],
      [ACCOUNT, EMAIL],
      [ACCOUNT, HASHED],
      [EMAIL, ACCOUNT],
    ),
    expiry: fc.constantFrom(...EXPIRIES),
    pair: fc.constantFrom(null, ...PAIRS),
    noise: fc.subarray([...NOISE]),
    rows: fc.integer({ min: 1, max: 20 }),
    delimiter: fc.constantFrom(';', ',', '\t'),
  })
  .chain(({ kinds, expiry, pair, noise, rows, delimiter }) => {
    const operation = pair === null ? [] : [{ names: OPERATION_NAMES, value: fc.constantFrom(...pair) }];
    const all: readonly Kind[] = [...kinds, SEGMENT, ...operation, expiry, ...noise];
    const column = ({ names, value }: Kind) =>
      fc.record({
        name: fc.constantFrom(...names),
        cells: fc.array(value, { minLength: rows, maxLength: rows }),
      });
    // rows have one or the other identifier, or both
    const blank = fc.array(fc.nat(2), { minLength: rows, maxLength: rows });
    return fc
      .tuple(
        fc.tuple(...all.map(column)),
        blank,
        fc.array(fc.nat(), { minLength: all.length, maxLength: all.length }),
      )
      .map(([columns, which, order]) => {
        const withBlanks = columns.map(({ name, cells }, at) => ({
          name,
          cells: cells.map((cell, row) =>
            kinds.length > 1 && at < kinds.length && which[row] === at ? '' : cell,
          ),
        }));
        const shuffled = withBlanks
          .map((each, at) => ({ each, at: order[at] ?? 0 }))
          .sort((a, b) => a.at - b.at);
        return { columns: shuffled.map(({ each }) => each), rows, delimiter };
      });
  })
  .filter(({ columns }) => new Set(columns.map(({ name }) => name.toLowerCase())).size === columns.length);

/** Suggests a mapping for a file and reads the file by it; every record must be a command. */
function assertReads(file: string, mimeType: MimeType): void {
  const start = { bytes: Buffer.from(file), isWhole: true };
  const of = { mimeType, catalogue: context.catalogue, now: START_DATE, sha256 };
  const { suggestion, read, mapping } = previewFile(start, { ...of, mapping: undefined });
  assert.deepEqual(suggestion?.missing, [], file);
  assert.equal(read.refusal, null, file);
  assert.ok(read.records.length > 0);
  for (const { outcome, line } of read.records)
    assert.ok(
      !isRejection(outcome),
      `line ${line}: ${JSON.stringify(outcome)} of\n${file}${JSON.stringify(mapping)}`,
    );
  if (mapping === null) return;
  assert.deepEqual(checkMapping(mapping), { ok: true, mapping });
  // asked for as it was suggested, it says the same
  assert.deepEqual(previewFile(start, { ...of, mapping }).read, read);
}

test('a suggested mapping reads the rows it was made of, as CSV and as NDJSON', () => {
  fc.assert(
    fc.property(draft, fc.boolean(), ({ columns, rows, delimiter }, isNested) => {
      const at = (row: number) => columns.map(({ cells }) => cells[row] ?? '');
      const data = Array.from({ length: rows }, (_, row) => at(row));
      const fields = columns.map(({ name }) => name);
      assertReads(`${Papa.unparse({ fields, data }, { delimiter })}\r\n`, 'TEXT_CSV');
      const objects = data.map((cells) => {
        const members = Object.fromEntries(
          cells.map((cell, i) => [fields[i] ?? '', cell === '' ? null : cell]),
        );
        return JSON.stringify(isNested ? { record: members } : members);
      });
      assertReads(`${objects.join('\n')}\n`, 'APPLICATION_X_NDJSON');
    }),
    { numRuns: runs(300) },
  );
});

const anyCell = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    '',
    'add',
    'never',
    'a@b.example',
    '2030-12-31',
    '7',
    '30d',
    '1900000000',
    sha256('x'),
    '[1]',
    '{}',
    '"',
  ),
);
const anyName = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    'id',
    'ID',
    'email',
    'Email',
    'op',
    'segment',
    'expires',
    'a.b',
    '__proto__',
    'error_code',
    'days',
    '10',
  ),
);

test('whatever a file holds, what is suggested is a mapping that can be used, and previews do not throw', () => {
  fc.assert(
    fc.property(
      fc.array(anyName, { minLength: 1, maxLength: 6 }),
      fc.array(fc.array(anyCell, { minLength: 1, maxLength: 7 }), { maxLength: 6 }),
      fc.constantFrom(';', ',', '\t'),
      fc.boolean(),
      (fields, data, delimiter, isWhole) => {
        const objects = data.map((cells) =>
          JSON.stringify(Object.fromEntries(cells.map((cell, i) => [fields[i] ?? '', cell]))),
        );
        const files = [
          [Papa.unparse({ fields, data }, { delimiter }), 'TEXT_CSV'],
          [`${objects.join('\n')}\n`, 'APPLICATION_X_NDJSON'],
          [`${[fields, ...data].map((cells) => cells.join(delimiter)).join('\n')}`, 'TEXT_CSV'],
        ] as const;
        for (const [file, mimeType] of files) {
          const of = { mimeType, catalogue: context.catalogue, now: START_DATE, sha256 };
          const { suggestion } = previewFile(
            { bytes: Buffer.from(file), isWhole },
            { ...of, mapping: undefined },
          );
          const mapping = suggestion?.mapping ?? null;
          if (mapping !== null) assert.deepEqual(checkMapping(mapping), { ok: true, mapping }, file);
        }
      },
    ),
    { numRuns: runs(400) },
  );
});
