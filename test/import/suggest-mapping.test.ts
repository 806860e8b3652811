import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { isRejection } from '../../src/import/document-format.ts';
import { checkMapping } from '../../src/import/mapping/check-mapping.ts';
import { buildCatalogue } from '../../src/model/catalogue.ts';
import { type Mapping, NO_MAPPING } from '../../src/model/mapping.ts';
import type { MimeType } from '../../src/model/records.ts';
import { previewFile } from '../../src/preview/preview-file.ts';
import { context, START_DATE } from './both-ways.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const HASH = sha256('ann@a.example');

type Case = {
  readonly name: string;
  readonly file: string;
  readonly mime?: MimeType;
  /** What the mapping must be; null: none is needed, or none can be found. */
  readonly mapping: Partial<Mapping> | null;
  /** What the reasons and notes must say. */
  readonly says?: readonly RegExp[];
  /** What must be said to be missing. */
  readonly missing?: readonly string[];
  /** Codes of failed lines, where the rows themselves are wrong. */
  readonly fails?: readonly string[];
};

const csv = (...lines: string[]) => `${lines.join('\n')}\n`;
const ndjson = (...lines: object[]) => `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;

const CASES: readonly Case[] = [
  {
    name: 'the export of a CRM, with semicolons',
    file: csv(
      'Customer ID;Email;Segment;Op;Expires',
      'C-1;;alpha;add;2030-12-31',
      ';Ada@Example.com;alpha;Add;never',
      'C-3;grace@hopper.example;beta;add;2030-12-31T12:00:00+02:00',
      'C-4;;alpha;remove;',
    ),
    mapping: {
      columns: {
        'Customer ID': 'user_account_id',
        Segment: 'segment_technical_name',
        Op: 'operation',
        Expires: 'expiration_ts',
      },
      values: { operation: { add: 'UPDATE', remove: 'DELETE' }, expiration_ts: { never: '0' } },
      hash: { Email: 'sha256' },
      formats: { Expires: 'iso_8601' },
    },
    says: [
      /^`Customer ID` names users by its name: user_account_id$/m,
      /^`Email` holds addresses in 2 of 4 rows: hashed as email_hash$/m,
      /^`Op` has the words "add", "Add", "remove": mapped to UPDATE, DELETE$/m,
      /^`Expires` has dates of ISO 8601 in 2 of 4 rows: expiration_ts as iso_8601, "never" is 0, for ever$/m,
      /^`Segment` names "alpha", "beta", of which this datamart has 2 of 2: segment_technical_name$/m,
    ],
  },
  {
    name: 'customers of Shopify: no segment, no expiry, telephone numbers in clear',
    file: csv(
      'Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Phone,Total Spent,Total Orders,Note,Tags',
      '\'6940095564,Ann,Lee,ann@a.example,yes,ACME,+4917012345678,12.50,3,,"VIP, newsletter"',
      "'6940095565,Bob,Ray,bob@a.example,no,,+4917012345679,0.00,0,call Bob,",
    ),
    mapping: {
      columns: { 'Customer ID': 'user_account_id' },
      hash: { Email: 'sha256' },
      defaults: { operation: 'UPDATE' },
      formats: { 'Customer ID': 'spreadsheet_text' },
    },
    says: [
      /^`Customer ID` names users by its name: user_account_id, without the apostrophe/m,
      /^`Phone` holds phone numbers, which would be kept in clear/m,
      /^`Accepts Email Marketing` says nothing that commands have$/m,
      /^no column says add or remove: operation is UPDATE in all rows$/m,
    ],
    missing: ['segment', 'expiry'],
    fails: ['MISSING_SEGMENT'],
  },
  {
    name: 'expiries that are all never in these rows',
    file: csv('Customer ID;Segment;Op;Expires', 'C-1;alpha;add;never', 'C-2;alpha;add;Never'),
    mapping: {
      columns: {
        'Customer ID': 'user_account_id',
        Segment: 'segment_technical_name',
        Op: 'operation',
        Expires: 'expiration_ts',
      },
      values: { operation: { add: 'UPDATE', remove: 'DELETE' }, expiration_ts: { never: '0' } },
      formats: { Expires: 'iso_8601' },
    },
    says: [
      /^`Expires` has words for never in 2 of 2 rows: expiration_ts as iso_8601, "never" is 0, for ever$/m,
    ],
  },
  {
    name: 'subscriptions that are no operations, unless their column is called so',
    file: csv(
      'external_id,email_subscribe,push_subscribe,segment_technical_name',
      'u1,subscribed,subscribed,alpha',
      'u2,unsubscribed,,alpha',
    ),
    mapping: {
      columns: { external_id: 'user_account_id', segment_technical_name: 'segment_technical_name' },
      defaults: { operation: 'UPDATE' },
    },
    missing: ['expiry'],
    fails: ['MISSING_EXPIRATION'],
  },
  {
    name: 'words of operations that some rows lack are about something else',
    file: csv('user_account_id,what,segment_id,expiration_duration', 'u1,add,1,0', 'u2,,1,0'),
    mapping: {
      columns: {
        user_account_id: 'user_account_id',
        segment_id: 'segment_id',
        expiration_duration: 'expiration_duration',
      },
      defaults: { operation: 'UPDATE' },
    },
  },
  {
    name: 'null as Snowflake writes it, and never as PostgreSQL does',
    file: csv(
      'operation,user_account_id,email,segment_technical_name,expires_at',
      'UPDATE,u1,\\N,alpha,infinity',
      'UPDATE,\\N,ann@a.example,alpha,2030-12-31 06:00:00+00',
      'DELETE,u2,NULL,alpha,\\N',
    ),
    mapping: {
      columns: {
        operation: 'operation',
        user_account_id: 'user_account_id',
        segment_technical_name: 'segment_technical_name',
        expires_at: 'expiration_ts',
      },
      values: {
        user_account_id: { '\\n': '' },
        email_hash: { '\\n': '', null: '' },
        expiration_ts: { infinity: '0', '\\n': '' },
      },
      hash: { email: 'sha256' },
      formats: { expires_at: 'iso_8601' },
    },
    says: [/^`email` .*hashed as email_hash, "\\\\n", "null" are nothing$/m],
  },
  {
    name: 'a list for Braze',
    file: csv('external_id,email,country,language', 'u1,ann@a.example,DE,de', 'u2,,FR,fr'),
    mapping: {
      columns: { external_id: 'user_account_id' },
      hash: { email: 'sha256' },
      defaults: { operation: 'UPDATE' },
    },
    missing: ['segment', 'expiry'],
    fails: ['MISSING_SEGMENT'],
  },
  {
    name: 'a warehouse that writes in capitals, and hashes before',
    file: csv(
      'CUSTOMER_ID,EMAIL_SHA256,SEGMENT_NAME,OPERATION,EXPIRES_AT',
      `1001,${HASH},alpha,UPDATE,2030-12-31 00:00:00.000`,
      `1002,${sha256('b')},beta,DELETE,2030-12-31 00:00:00.000`,
    ),
    mapping: {
      columns: {
        CUSTOMER_ID: 'user_account_id',
        EMAIL_SHA256: 'email_hash',
        SEGMENT_NAME: 'segment_technical_name',
        OPERATION: 'operation',
        EXPIRES_AT: 'expiration_ts',
      },
      formats: { EXPIRES_AT: 'iso_8601' },
    },
    says: [/^`EMAIL_SHA256` holds SHA-256 in 2 of 2 rows: hashed already: email_hash as they are$/m],
  },
  {
    name: 'German names and words',
    file: csv(
      'Kundennummer;E-Mail;Zielgruppe;Vorgang;Gültig bis',
      '47;ann@a.example;alpha;hinzufügen;2030-12-31',
      '48;bob@a.example;beta;entfernen;unbegrenzt',
    ),
    mapping: {
      columns: {
        Kundennummer: 'user_account_id',
        Zielgruppe: 'segment_technical_name',
        Vorgang: 'operation',
        'Gültig bis': 'expiration_ts',
      },
      values: {
        operation: { hinzufügen: 'UPDATE', entfernen: 'DELETE' },
        expiration_ts: { unbegrenzt: '0' },
      },
      hash: { 'E-Mail': 'sha256' },
      formats: { 'Gültig bis': 'iso_8601' },
    },
  },
  {
    name: 'French names and words',
    file: csv(
      'N° client;Adresse e-mail;Groupe;Opération;Date d’expiration',
      '47;ann@a.example;alpha;ajouter;2030-12-31',
      '48;bob@a.example;beta;supprimer;jamais',
    ),
    mapping: {
      columns: {
        'N° client': 'user_account_id',
        Groupe: 'segment_technical_name',
        Opération: 'operation',
        'Date d’expiration': 'expiration_ts',
      },
      values: { operation: { ajouter: 'UPDATE', supprimer: 'DELETE' }, expiration_ts: { jamais: '0' } },
      hash: { 'Adresse e-mail': 'sha256' },
      formats: { 'Date d’expiration': 'iso_8601' },
    },
  },
  {
    name: 'Spanish names and words',
    file: csv(
      'ID de cliente;Correo electrónico;Segmento;Operación;Fecha de caducidad',
      '47;ann@a.example;alpha;alta;2030-12-31',
      '48;bob@a.example;beta;baja;nunca',
    ),
    mapping: {
      columns: {
        'ID de cliente': 'user_account_id',
        Segmento: 'segment_technical_name',
        Operación: 'operation',
        'Fecha de caducidad': 'expiration_ts',
      },
      values: { operation: { alta: 'UPDATE', baja: 'DELETE' }, expiration_ts: { nunca: '0' } },
      hash: { 'Correo electrónico': 'sha256' },
      formats: { 'Fecha de caducidad': 'iso_8601' },
    },
  },
  {
    name: 'nested members of NDJSON, by their paths',
    mime: 'APPLICATION_X_NDJSON',
    file: ndjson(
      {
        user: { id: 7, email: 'ann@a.example' },
        lists: ['alpha', 'beta'],
        op: 'add',
        validUntil: 1_900_000_000,
      },
      { user: { email: 'bob@a.example' }, lists: ['alpha'], op: 'remove', traits: { a: 1 }, note: null },
    ),
    mapping: {
      columns: {
        'user.id': 'user_account_id',
        lists: 'segment_technical_names',
        op: 'operation',
        validUntil: 'expiration_ts',
        traits: 'data_bag',
      },
      values: { operation: { add: 'UPDATE', remove: 'DELETE' } },
      hash: { 'user.email': 'sha256' },
      formats: { validUntil: 'seconds' },
    },
    says: [/^`validUntil` has seconds since 1970 in 1 of 2 rows: expiration_ts as seconds$/m],
  },
  {
    name: 'a file of commands needs none',
    file: csv('operation,user_account_id,segment_id,expiration_duration', 'UPDATE,u1,1,30', 'DELETE,u2,1,'),
    mapping: null,
  },
  {
    name: 'commands with both identifiers in each row: the first that is filled',
    file: csv(
      'operation,email_hash,user_account_id,segment_id,expiration_duration',
      `UPDATE,${HASH},u1,1,30`,
    ),
    mapping: {
      columns: {
        user_account_id: 'user_account_id',
        email_hash: 'email_hash',
        segment_id: 'segment_id',
        operation: 'operation',
        expiration_duration: 'expiration_duration',
      },
    },
  },
  {
    name: 'addresses where a hash, or an id, belongs',
    file: csv(
      'operation,user_account_id,segment_id,expiration_duration',
      'update,ann@a.example,1,30',
      'delete,bob@a.example,1,30',
    ),
    mapping: {
      columns: {
        user_account_id: 'email_hash',
        segment_id: 'segment_id',
        operation: 'operation',
        expiration_duration: 'expiration_duration',
      },
      values: { operation: { update: 'UPDATE', delete: 'DELETE' } },
      hash: { user_account_id: 'sha256' },
    },
  },
  {
    name: 'columns that may be two things say so',
    file: csv('ID,List,TTL,SHA', `17,1,30,${HASH}`, `18,2,365,${sha256('b')}`),
    mapping: {
      columns: {
        ID: 'user_account_id',
        SHA: 'email_hash',
        List: 'segment_id',
        TTL: 'expiration_duration',
      },
      formats: { TTL: 'days' },
      defaults: { operation: 'UPDATE' },
    },
    says: [
      /^`ID` may name users by its name: user_account_id; may also be ids of something else$/m,
      /^`TTL` has whole numbers in 2 of 2 rows: expiration_duration in days; may also be minutes or hours/m,
      /^`SHA` holds SHA-256 .*; may also be hashes of something else/m,
    ],
  },
  {
    name: 'of two that may be the user the likelier one, and the other says who took its place',
    file: csv('Account ID,ID,Segment,Expires', 'A1,1,alpha,1900000000000', 'A2,2,beta,1900000000000'),
    mapping: {
      columns: {
        'Account ID': 'user_account_id',
        Segment: 'segment_technical_name',
        Expires: 'expiration_ts',
      },
      defaults: { operation: 'UPDATE' },
    },
    says: [
      /^`ID` may name users by its name, and may be user_account_id, which `Account ID` feeds: not read$/m,
    ],
  },
  {
    name: 'dates that nothing reads are told, and not mapped',
    file: csv('customer_id,segment,expires', '1,alpha,31.12.2030'),
    mapping: {
      columns: { customer_id: 'user_account_id', segment: 'segment_technical_name' },
      defaults: { operation: 'UPDATE' },
    },
    says: [/^`expires` is about expiries, but holds "31\.12\.2030"/m],
    missing: ['expiry'],
    fails: ['MISSING_EXPIRATION'],
  },
  {
    name: 'dates of the past, orders and names are none of a command',
    file: csv(
      'customer_id,Customer Name,Order ID,Created At,Last Purchase Date,segment,days',
      '1,Ann Lee,99,2020-01-31,2024-01-31,alpha,7',
    ),
    mapping: {
      columns: { customer_id: 'user_account_id', segment: 'segment_technical_name' },
      defaults: { operation: 'UPDATE' },
    },
    missing: ['expiry'],
    fails: ['MISSING_EXPIRATION'],
  },
  {
    name: 'durations with their units',
    file: csv('customer_id,segment,ttl', '1,alpha,30d', '2,beta,2 weeks', '3,beta,never'),
    mapping: {
      columns: {
        customer_id: 'user_account_id',
        segment: 'segment_technical_name',
        ttl: 'expiration_duration',
      },
      values: { expiration_duration: { never: '0' } },
      formats: { ttl: 'with_unit' },
      defaults: { operation: 'UPDATE' },
    },
    says: [/^`ttl` has durations with their units in 2 of 3 rows: expiration_duration as with_unit/m],
  },
  {
    name: 'instants as BigQuery writes them',
    file: csv('customer_id,segment,expires_at', '1,alpha,2030-12-31 00:00:00 UTC'),
    mapping: {
      columns: {
        customer_id: 'user_account_id',
        segment: 'segment_technical_name',
        expires_at: 'expiration_ts',
      },
      formats: { expires_at: 'iso_8601' },
      defaults: { operation: 'UPDATE' },
    },
  },
  {
    name: 'nobody can be told',
    file: csv('City,Price', 'Ulm,12.50'),
    mapping: null,
    missing: ['user', 'segment', 'expiry'],
  },
  {
    name: 'addresses in a column of notes are warned of',
    file: csv('customer_id,notes', '1,write to ann@a.example soon', '2,', '3,nothing'),
    mapping: { columns: { customer_id: 'user_account_id' }, defaults: { operation: 'UPDATE' } },
    says: [/^`notes` holds addresses among other things, which would be kept in clear/m],
    missing: ['segment', 'expiry'],
    fails: ['MISSING_SEGMENT'],
  },
  {
    name: 'hashes in capitals are brought into small letters, and stand beside addresses',
    file: csv('mail,segment_id,expiration_duration', `${HASH.toUpperCase()},1,1`, 'bob@a.example,1,1'),
    mapping: {
      columns: { segment_id: 'segment_id', expiration_duration: 'expiration_duration' },
      hash: { mail: 'sha256' },
      defaults: { operation: 'UPDATE' },
    },
    says: [/^`mail` holds addresses and SHA-256 in 2 of 2 rows: hashed as email_hash$/m],
  },
  {
    name: 'a member called __proto__ is one like any other',
    mime: 'APPLICATION_X_NDJSON',
    file: '{"__proto__":"ann@a.example","segment_id":"1","expiration_duration":0}\n',
    mapping: {
      columns: { segment_id: 'segment_id', expiration_duration: 'expiration_duration' },
      hash: Object.fromEntries([['__proto__', 'sha256']]) as Mapping['hash'],
      defaults: { operation: 'UPDATE' },
    },
  },
];

for (const { name, file, mime = 'TEXT_CSV', mapping, says = [], missing = [], fails = [] } of CASES) {
  test(`suggests: ${name}`, () => {
    const start = { bytes: Buffer.from(file), isWhole: true };
    const of = { mimeType: mime, catalogue: context.catalogue, now: START_DATE, sha256 };
    const { suggestion, read, mapping: used } = previewFile(start, { ...of, mapping: undefined });
    assert.ok(suggestion !== null);
    const expected = mapping === null ? null : { ...NO_MAPPING, ...mapping };
    assert.deepEqual(suggestion.mapping, expected);
    assert.equal(used, suggestion.mapping);
    if (suggestion.mapping !== null)
      assert.deepEqual(checkMapping(suggestion.mapping), { ok: true, mapping: expected });
    const text = [...suggestion.columns.map(({ reason }) => reason), ...suggestion.notes].join('\n');
    for (const each of says) assert.match(text, each);
    assert.deepEqual(
      suggestion.missing.map(({ what }) => what),
      missing,
    );
    const codes = read.records.flatMap(({ outcome }) => (isRejection(outcome) ? [outcome.code] : []));
    assert.deepEqual([...new Set(codes)], fails);
    if (!missing.includes('user')) assert.equal(read.refusal, null);
  });
}

test('a name of a segment is told from an id by what the datamart has', () => {
  const segment = (id: string, technicalName: string) => ({
    ...{ id, organisationId: '1', datamartId: '1', type: 'USER_LIST', feedType: 'FILE_IMPORT' },
    ...{ subtype: 'STANDARD', name: id, shortDescription: null, technicalName, defaultTtlMs: 1000 },
    ...{ persisted: true, paused: false, creationTs: 0, lastModifiedTs: 0 },
  });
  const selections = [
    { id: '1', datamartId: '1', compartmentId: '1', isDefault: true, token: 't', name: '', archived: false },
  ];
  const segments = [segment('17', '2030'), segment('18', '2031')] as Parameters<
    typeof buildCatalogue
  >[0]['segments'];
  const catalogue = buildCatalogue({ datamartId: '1', version: 0, selections, segments });
  for (const [value, field] of [
    ['2030', 'segment_technical_name'],
    ['17', 'segment_id'],
  ]) {
    const start = { bytes: Buffer.from(`customer_id,segment\n1,${value}\n`), isWhole: true };
    const of = { mimeType: 'TEXT_CSV', mapping: undefined, catalogue, now: START_DATE, sha256 } as const;
    const { suggestion, read } = previewFile(start, of);
    assert.equal(suggestion?.mapping?.columns.segment, field);
    assert.ok(read.records.every(({ outcome }) => !isRejection(outcome)));
  }
});
