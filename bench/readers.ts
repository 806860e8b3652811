/**
 * CPU of reading lines into commands, by both ways: `node --import tsx bench/readers.ts`. The event
 * loop's share of an import, without the store.
 */

import { createHash } from 'node:crypto';
import { csvFormat } from '../src/import/csv.ts';
import { parseCsvHeader } from '../src/import/csv-header.ts';
import { type CommandContext, type DocumentFormat, isRejection } from '../src/import/document-format.ts';
import { takeNone } from '../src/import/line-reader.ts';
import { createDocumentHasher } from '../src/import/mapping/hash-document.ts';
import { ndjsonFormat } from '../src/import/ndjson.ts';
import { giveBackColumns, takeColumns } from '../src/import/parse/pair-columns.ts';
import { gatherPairs } from '../src/import/parse/pair-table.ts';
import { parseCommand } from '../src/import/parse-command.ts';
import { formatOf } from '../src/import/read-format.ts';
import { buildCatalogue } from '../src/model/catalogue.ts';
import { type Mapping, NO_MAPPING } from '../src/model/mapping.ts';
import type { Segment } from '../src/model/segment.ts';

const LINES = 200_000;
const BLOCK_BYTES = 256 * 1024;
const COLUMNS = [
  'operation',
  'user_account_id',
  'compartment_id',
  'segment_id',
  'expiration_duration',
  'data_bag',
];

function segment(id: string): Segment {
  return {
    ...{
      id,
      organisationId: '1',
      datamartId: '1',
      type: 'USER_LIST',
      feedType: 'FILE_IMPORT',
      subtype: 'STANDARD',
    },
    ...{ name: id, shortDescription: null, technicalName: null, defaultTtlMs: null, persisted: true },
    ...{ paused: false, creationTs: 0, lastModifiedTs: 0 },
  };
}

const context: CommandContext = {
  startDate: 1_800_000_000_000,
  catalogue: buildCatalogue({
    datamartId: '1',
    version: 0,
    selections: [{ compartmentId: '1', isDefault: true, token: 't', archived: false }],
    segments: Array.from({ length: 10 }, (_, i) => segment(String(i + 1))),
  }),
};

const commands = Array.from({ length: LINES }, (_, i) => [
  i % 10 === 0 ? 'DELETE' : 'UPDATE',
  `user-${(i * 7919) % 700_000}`,
  '1',
  String((i % 10) + 1),
  i % 2 === 0 ? 0 : 43_200,
  i % 5 === 0 ? `{"score":${i % 100}}` : '',
]);

function ndjson(): Buffer {
  const lines = commands.map((cells) => {
    const fields = COLUMNS.map((name, i) => [name, cells[i]] as const).filter(([, value]) => value !== '');
    return JSON.stringify(Object.fromEntries(fields));
  });
  return Buffer.from(lines.join('\n'));
}

function csv(): Buffer {
  const quoted = (cell: string | number | undefined) =>
    `${cell}`.includes('"') ? `"${`${cell}`.replaceAll('"', '""')}"` : cell;
  return Buffer.from(commands.map((cells) => cells.map(quoted).join(',')).join('\n'));
}

/** Seconds of CPU for a million lines; by the plain way with columns and keys. */
function measure(format: DocumentFormat, document: Buffer, way: 'plain' | 'reference'): number {
  const { plainLayout: layout } = format;
  const columns = takeColumns();
  const table = gatherPairs('1', columns, () => undefined);
  const take =
    way === 'reference' || layout === null
      ? takeNone
      : table.readLines({ layout, context, linesBefore: 0, onOdd: () => undefined });
  const splitter = format.createSplitter(format.start);
  const before = process.cpuUsage();
  for (let at = 0; at <= document.length; at += BLOCK_BYTES) {
    const last = at + BLOCK_BYTES > document.length;
    const block = document.subarray(at, at + BLOCK_BYTES);
    for (const { content } of splitter.push(block, last, { take, most: Number.POSITIVE_INFINITY })) {
      if (!isRejection(content)) parseCommand(content, context);
    }
  }
  table.flush();
  const { user, system } = process.cpuUsage(before);
  giveBackColumns(columns);
  return (user + system) / LINES;
}

const header = parseCsvHeader(COLUMNS.join(','), 'COMMANDS');
if (!header.ok) throw new Error(header.message);
/** The same rows under names, words and durations of their own. */
const mapping: Mapping = {
  ...NO_MAPPING,
  columns: {
    ...{ Op: 'operation', 'Customer ID': 'user_account_id', Space: 'compartment_id', Segment: 'segment_id' },
    ...{ Hours: 'expiration_duration', Bag: 'data_bag' },
  },
  values: { operation: { add: 'UPDATE', remove: 'DELETE' } },
  formats: { Hours: 'hours' },
};
const names = Object.keys(mapping.columns);
const own = (bytes: Buffer) =>
  Buffer.from(bytes.toString().replaceAll('UPDATE', 'add').replaceAll('DELETE', 'remove'));
const ownMembers = (bytes: Buffer) =>
  COLUMNS.reduce((text, column, i) => text.replaceAll(`"${column}"`, `"${names[i]}"`), own(bytes).toString());
const mappedHeader = parseCsvHeader(names.join(','), 'COMMANDS', mapping);
if (!mappedHeader.ok) throw new Error(mappedHeader.message);

const formats = [
  { name: 'NDJSON', format: ndjsonFormat, document: ndjson() },
  { name: 'CSV', format: csvFormat(header.header, { offset: 0, line: 0 }), document: csv() },
  {
    name: 'NDJSON, mapped',
    format: formatOf({ csv: null, mapping }),
    document: Buffer.from(ownMembers(ndjson())),
  },
  {
    name: 'CSV, mapped',
    format: csvFormat(mappedHeader.header, { offset: 0, line: 0 }, mapping),
    document: own(csv()),
  },
];
console.log('seconds of CPU for a million lines, best of five\n');
for (const { name, format, document } of formats) {
  for (const way of ['plain', 'reference'] as const) {
    const best = Math.min(...Array.from({ length: 5 }, () => measure(format, document, way)));
    console.log(`${name.padEnd(14)} ${way.padEnd(10)} ${best.toFixed(2)}`);
  }
}

/** Addresses that are hashed as their file comes in; the other rows are as above. */
const addresses = Buffer.from(
  `Email;Segment\n${commands.map((_, i) => `User.${(i * 7919) % 700_000}@Example.com;${(i % 10) + 1}`).join('\n')}`,
);
const hashing: Mapping = { ...NO_MAPPING, columns: { Segment: 'segment_id' }, hash: { Email: 'sha256' } };
const withConstants = { ...hashing, defaults: { operation: 'UPDATE', expiration_duration: 0 } };
const secondsOfHashing = () => {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const hasher = createDocumentHasher({ mapping: withConstants, mimeType: 'TEXT_CSV' }, sha256);
  const before = process.cpuUsage();
  for (let at = 0; at < addresses.length; at += BLOCK_BYTES)
    hasher.take(addresses.subarray(at, at + BLOCK_BYTES));
  hasher.end();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / LINES;
};
const best = Math.min(...Array.from({ length: 5 }, secondsOfHashing));
console.log(`${'CSV'.padEnd(14)} ${'hashed'.padEnd(10)} ${best.toFixed(2)}`);
