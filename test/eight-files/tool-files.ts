import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import type { AnyFormat } from '../client.ts';
import { sparkParquet } from './spark-parquet.ts';

/** What a tool writes, and what its users are in afterwards. */
export type ToolFile = {
  readonly tool: string;
  readonly format: AnyFormat;
  /** What the tool writes into its folder, by name, in the order of the names. */
  readonly files: Readonly<Record<string, Buffer>>;
  /** Of these what is no data, and why a source passes it over. */
  readonly noData?: Readonly<Record<string, RegExp>>;
  /** What no column says, as `imports map` is told it. */
  readonly defaults: { readonly segment?: string; readonly duration?: number };
  /** Of what has no preview, so that nothing can be suggested for it. */
  readonly mapping?: object;
  /** By user: segments by technical name, with the end of each membership, or null for never. */
  readonly members: Readonly<Record<string, Readonly<Record<string, number | null>>>>;
  /** Users who must not be there: what a careless reader would make of the file. */
  readonly nobody: readonly string[];
  readonly failures: Readonly<Record<string, number>>;
};

const END = Date.parse('2030-12-31T06:00:00Z');
const FOREVER = null;
const SHA256_OF = {
  ada: 'ee1c2fb3c3f1b4ff2dd3cc8e4ec7ad2ce2ffd7b5d9f1e7c9a2ea6b8b0d5d2b11',
} as const;

/** UTF-8 with lines as Windows ends them. */
const crlf = (...lines: readonly string[]) => lines.map((line) => `${line}\r\n`).join('');
const lf = (...lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

/** Semicolons, every cell in quotes, notes that have both in them, a byte order mark. */
const CRM: ToolFile = {
  tool: 'a CRM',
  format: 'CSV',
  files: {
    'Kontakte_2026-11-30.csv': Buffer.from(
      `\ufeff${crlf(
        '"Customer ID";"Email";"Segment";"Op";"Expires";"Notes"',
        '"C-1001";"";"vip";"add";"2030-12-31 06:00:00";"rief an; will ""VIP"" werden"',
        '"";"Ada.Lovelace@Analytical.Example";"vip";"Add";"never";"zwei\r\nZeilen"',
        '"C-1003";"grace@hopper.example";"newsletter";"add";"2030-12-31T07:00:00+01:00";""',
        '"C-1001";"";"newsletter";"add";"never";""',
        '"C-1001";"";"newsletter";"remove";"";""',
      )}`,
    ),
  },
  defaults: {},
  members: {
    'user_account_id=C-1001': { vip: END },
    'email_hash=ada.lovelace@analytical.example': { vip: FOREVER },
    'user_account_id=C-1003': { newsletter: END },
  },
  nobody: [],
  failures: {},
};

/** Apostrophes keep spreadsheets from making numbers of ids, codes and phone numbers. */
const SHOPIFY: ToolFile = {
  tool: 'Shopify customers',
  format: 'CSV',
  files: {
    'customers_export.csv': Buffer.from(
      lf(
        'Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,Default Address Address2,Default Address City,Default Address Province Code,Default Address Country Code,Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags',
        `'6543210987001,Ada,Lovelace,ada@shop.example,yes,,12 Rue de l'Église,,Paris,,FR,'75001,'+33142685300,'+33612345678,no,129.90,3,"likes ""tea"", black",no,"newsletter, vip"`,
        `'6543210987002,Grace,Hopper,grace@shop.example,no,"Navy, Inc.",1 Main St,Apt 2,Arlington,VA,US,'22201,,,no,0.00,0,,no,`,
        `'6543210987003,,,,no,,,,,,,,,'+4915112345678,yes,15.00,1,,no,vip`,
      ),
    ),
  },
  defaults: { segment: 'newsletter', duration: 0 },
  members: {
    'user_account_id=6543210987001': { newsletter: FOREVER },
    'user_account_id=6543210987002': { newsletter: FOREVER },
    'user_account_id=6543210987003': { newsletter: FOREVER },
  },
  nobody: ["user_account_id='6543210987001"],
  failures: {},
};

/** A list for Braze: its names of columns, and states of subscriptions that are no operations. */
const BRAZE: ToolFile = {
  tool: 'a list for Braze',
  format: 'CSV',
  files: {
    'braze_users.csv': Buffer.from(
      lf(
        'external_id,email,first_name,last_name,phone,country,language,time_zone,email_subscribe,push_subscribe,date_of_first_session',
        'braze-1,ada@list.example,Ada,Lovelace,+33612345678,FR,fr,Europe/Paris,opted_in,subscribed,2025-01-01T10:00:00Z',
        'braze-2,,Grace,Hopper,,US,en,America/New_York,subscribed,unsubscribed,',
        ',alan@list.example,Alan,Turing,+441234567890,GB,en,Europe/London,unsubscribed,,2024-06-23T00:00:00Z',
      ),
    ),
  },
  defaults: { segment: 'vip', duration: 0 },
  members: {
    'user_account_id=braze-1': { vip: FOREVER },
    'user_account_id=braze-2': { vip: FOREVER },
    'email_hash=alan@list.example': { vip: FOREVER },
  },
  nobody: ['email_hash=ada@list.example'],
  failures: {},
};

/** COPY INTO with header = true: capitals, gzip in parts, texts in quotes, null as \N. */
const SNOWFLAKE: ToolFile = {
  tool: 'a Snowflake unload',
  format: 'CSV',
  files: {
    'data_0_0_0.csv.gz': gzipSync(
      lf(
        '"CUSTOMER_ID","EMAIL","SEGMENT_NAME","ACTION","EXPIRES_AT"',
        '"S-1",\\N,"vip","add",2030-12-31 06:00:00.000 +0000',
        '\\N,"ada@snow.example","newsletter","add",\\N',
      ),
    ),
    'data_0_1_0.csv.gz': gzipSync(
      lf(
        '"CUSTOMER_ID","EMAIL","SEGMENT_NAME","ACTION","EXPIRES_AT"',
        '"S-2",\\N,"vip","add",2030-12-30 22:00:00.000 -0800',
        '"S-3",\\N,"vip","add",2030-12-31 06:00:00.000 Z',
        '"S-3",\\N,"vip","remove",\\N',
      ),
    ),
  },
  // what has no end is the default's
  defaults: {},
  members: {
    'user_account_id=S-1': { vip: END },
    'user_account_id=S-2': { vip: END },
    'user_account_id=S-3': {},
  },
  nobody: ['user_account_id=\\N', 'email_hash=\\N'],
  failures: { MISSING_EXPIRATION: 1 },
};

/** bq extract: .json, INT64 as texts, instants with UTC behind them, no members that are null. */
const BIGQUERY: ToolFile = {
  tool: 'BigQuery NDJSON',
  format: 'NDJSON',
  files: {
    'customers-000000000000.json': Buffer.from(
      lf(
        '{"customer_id":"9007199254740993","email":"ada@big.example","segments":["vip","newsletter"],"valid_until":"2030-12-31 06:00:00 UTC","profile":{"country":"FR","orders":"12"}}',
        '{"email":"grace@big.example","segments":["newsletter"],"valid_until":"2030-12-31 06:00:00.000000 UTC","profile":{"country":"US"}}',
      ),
    ),
    'customers-000000000001.json': Buffer.from(
      lf('{"customer_id":"42","segments":["vip"],"valid_until":"2030-12-31 06:00:00 UTC","profile":{}}'),
    ),
  },
  defaults: {},
  members: {
    'user_account_id=9007199254740993': { vip: END, newsletter: END },
    'email_hash=grace@big.example': { newsletter: END },
    'user_account_id=42': { vip: END },
  },
  nobody: [],
  failures: {},
};

const SPARK_PART = '8c3f1f0e-7a52-4c1e-9a57-0b8f3a4b8d11-c000.snappy.parquet';

/** Of df.write.parquet: parts, one of them empty, checksums, the mark that all is there. */
const SPARK: ToolFile = {
  tool: 'Spark',
  format: 'PARQUET',
  files: {
    '._SUCCESS.crc': Buffer.from('crc\0\0\0\x02\0'),
    [`.part-00000-${SPARK_PART}.crc`]: Buffer.from('crc\0\0\0\x02\0\x9a\x11\x5c\x21', 'latin1'),
    _SUCCESS: Buffer.alloc(0),
    [`part-00000-${SPARK_PART}`]: sparkParquet([
      { name: 'customer_id', type: 'bigint', values: [7001, 7002, null] },
      { name: 'email_sha256', type: 'string', values: [null, null, SHA256_OF.ada] },
      { name: 'segment', type: 'string', values: ['vip', 'newsletter', 'vip'] },
      { name: 'expires_at', type: 'timestamp', values: [END, END, END] },
    ]),
    [`part-00001-${SPARK_PART}`]: sparkParquet([
      { name: 'customer_id', type: 'bigint', values: [] },
      { name: 'email_sha256', type: 'string', values: [] },
      { name: 'segment', type: 'string', values: [] },
      { name: 'expires_at', type: 'timestamp', values: [] },
    ]),
  },
  noData: {
    '._SUCCESS.crc': /hidden/,
    [`.part-00000-${SPARK_PART}.crc`]: /hidden/,
    _SUCCESS: /begin with _/,
  },
  defaults: {},
  mapping: {
    columns: {
      customer_id: 'user_account_id',
      email_sha256: 'email_hash',
      segment: 'segment_technical_name',
      expires_at: 'expiration_ts',
    },
    defaults: { operation: 'UPDATE' },
  },
  members: {
    'user_account_id=7001': { vip: END },
    'user_account_id=7002': { newsletter: END },
    [`email_hash=${SHA256_OF.ada}`]: { vip: END },
  },
  nobody: [],
  failures: {},
};

/** "Unicode Text": UTF-16LE with its mark, tabs, cells with a comma in quotes. */
const EXCEL: ToolFile = {
  tool: 'Excel "Unicode Text"',
  format: 'CSV',
  files: {
    'Newsletter.txt': Buffer.from(
      `\ufeff${crlf(
        'Kundennummer\tName\tE-Mail\tGültig bis',
        'X-1\t"Lovelace, Ada"\t\t2030-12-31 06:00',
        'Zoë 😀\tZoë\t\t2030-12-31 06:00',
        '\t"Hopper, ""Grace"""\tgrace@excel.example\t2030-12-31 06:00',
      )}`,
      'utf16le',
    ),
  },
  defaults: { segment: 'newsletter' },
  members: {
    'user_account_id=X-1': { newsletter: END },
    'user_account_id=Zoë 😀': { newsletter: END },
    'email_hash=grace@excel.example': { newsletter: END },
  },
  nobody: [],
  failures: {},
};

/** \copy (…) to … csv header: instants of its own form, infinity, t and f, null as nothing. */
const POSTGRESQL: ToolFile = {
  tool: 'a PostgreSQL query',
  format: 'CSV',
  files: {
    'customers.csv': Buffer.from(
      lf(
        'customer_id,email,segment,action,expires_at,is_active,updated_at',
        '501,,vip,add,2030-12-31 06:00:00+00,t,2026-11-29 22:10:03.123456+00',
        ',ada@pg.example,vip,add,2030-12-31 11:30:00+05:30,t,2026-11-29 22:10:03.5+00',
        '503,,newsletter,add,infinity,t,2026-11-29 22:10:03+00',
        '504,"""o\'neil""@pg.example",newsletter,add,2030-12-31 06:00:00.000001+00,f,2026-11-29 22:10:03+00',
      ),
    ),
  },
  defaults: {},
  members: {
    'user_account_id=501': { vip: END },
    'email_hash=ada@pg.example': { vip: END },
    'user_account_id=503': { newsletter: FOREVER },
    'user_account_id=504': { newsletter: END },
  },
  nobody: [],
  failures: {},
};

export const TOOL_FILES: readonly ToolFile[] = [
  ...[CRM, SHOPIFY, BRAZE, SNOWFLAKE, BIGQUERY, SPARK, EXCEL, POSTGRESQL],
];
