/**
 * CPU of reading lines into commands, by both ways: `node --import tsx bench/readers.ts`. The event loop's share of an
 * import, without the store.
 */
import { csvFormat } from '../src/import/csv.ts';
import { parseCsvHeader } from '../src/import/csv-header.ts';
import { type CommandContext, type DocumentFormat, isRejection } from '../src/import/document-format.ts';
import { ndjsonFormat } from '../src/import/ndjson.ts';
import { parseCommand } from '../src/import/parse-command.ts';
import { buildCatalogue } from '../src/model/catalogue.ts';
import type { Segment } from '../src/model/records.ts';

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
    selections: [
      {
        id: '1',
        datamartId: '1',
        compartmentId: '1',
        isDefault: true,
        token: 't',
        name: '',
        archived: false,
      },
    ],
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

/** Seconds of CPU for a million lines. */
function measure(format: DocumentFormat, document: Buffer, way: 'plain' | 'reference'): number {
  const readPlain = format.createPlainReader(context);
  const take = (bytes: Buffer, line: Parameters<typeof readPlain>[1]) =>
    way === 'plain' && readPlain(bytes, line) !== null;
  const splitter = format.createSplitter(format.start);
  const before = process.cpuUsage();
  for (let at = 0; at <= document.length; at += BLOCK_BYTES) {
    const last = at + BLOCK_BYTES > document.length;
    const block = document.subarray(at, at + BLOCK_BYTES);
    for (const { content } of splitter.push(block, last, { take, most: Number.POSITIVE_INFINITY })) {
      if (!isRejection(content)) parseCommand(content, context);
    }
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / LINES;
}

const header = parseCsvHeader(COLUMNS.join(','), 'COMMANDS');
if (!header.ok) throw new Error(header.message);
const formats = [
  { name: 'NDJSON', format: ndjsonFormat, document: ndjson() },
  { name: 'CSV', format: csvFormat(header.header, { offset: 0, line: 0 }), document: csv() },
];
console.log('seconds of CPU for a million lines, best of five\n');
for (const { name, format, document } of formats) {
  for (const way of ['plain', 'reference'] as const) {
    const best = Math.min(...Array.from({ length: 5 }, () => measure(format, document, way)));
    console.log(`${name.padEnd(7)} ${way.padEnd(10)} ${best.toFixed(2)}`);
  }
}
