import type { ApiDocumentImport } from '../api.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { EXPECT_ARGS, expectedLines, readExpectFlags, scheduleText } from '../expectation.ts';
import { UsageError } from '../failures.ts';
import { findImport } from '../find-import.ts';
import { readFormat } from '../import/format.ts';
import { note, print, printable, printJson } from '../output.ts';

const IMPORT_ARG = {
  import: { type: 'positional', required: true, description: 'id or name of the document import' },
} as const;
const COMMON_ARGS = { ...DATAMART_ARG, ...CONNECTION_ARGS } as const;
const PRIORITY_ARG = {
  priority: {
    type: 'string',
    valueHint: 'low|medium|high',
    description: 'priority of its files in the queue',
  },
} as const;

export const createImport = command({
  name: 'imports create',
  description: 'creates a document import: a named feed in which each file is one run',
  args: {
    name: { type: 'positional', required: true, description: 'its name' },
    format: {
      type: 'string',
      valueHint: 'ndjson|csv',
      default: 'ndjson',
      description: 'format of its files',
    },
    ...PRIORITY_ARG,
    ...EXPECT_ARGS,
    ...COMMON_ARGS,
  },
  examples: [
    'muster imports create "CRM nightly" --format csv',
    'muster imports create "CRM nightly" --format csv --every 1d --by 06:00 --time-zone Europe/Paris --max-change 0.5',
  ],
  notes: ['With --every and --by, webhooks report files that are late, missing or unusual: docs/api.md.'],
  run: async (args) => {
    const format = readFormat(args.format);
    const expect = readExpectFlags(args, undefined);
    const client = openClient(args);
    const path = `${datamartPath(args.datamart)}/document_imports`;
    const others = await client.listAll<ApiDocumentImport>(path, { keywords: args.name });
    const made = await client.post<ApiDocumentImport>(path, {
      document_type: 'USER_SEGMENT',
      mime_type: format === 'csv' ? 'TEXT_CSV' : 'APPLICATION_X_NDJSON',
      name: args.name,
      priority: args.priority?.toUpperCase(),
      expect,
    });
    const other = others.find(({ name }) => name === args.name);
    if (other !== undefined)
      note(`warning: document import ${other.id} has the same name: commands need the id of one`);
    if (args.json) printJson(made);
    else print(`document import ${made.id} created: ${printable(made.name)}${expectationOf(made)}`);
    return 0;
  },
});

export const updateImport = command({
  name: 'imports update',
  description: 'changes the name, priority or expected files of a document import',
  args: {
    ...IMPORT_ARG,
    name: { type: 'string', description: 'new name' },
    ...PRIORITY_ARG,
    ...EXPECT_ARGS,
    'expect-nothing': {
      type: 'boolean',
      description: 'expect no files: they may arrive at any time and have any size',
    },
    ...COMMON_ARGS,
  },
  examples: [
    'muster imports update "CRM nightly" --every 1d --on weekdays --by 06:00',
    'muster imports update "CRM nightly" --min-commands 10000 --max-failure-ratio 0.05',
  ],
  run: async (args) => {
    const client = openClient(args);
    const datamart = datamartPath(args.datamart);
    const found = await findImport(client, datamart, args.import);
    const flags = readExpectFlags(args, found.expect);
    if (args['expect-nothing'] && flags !== undefined)
      throw new UsageError('--expect-nothing cannot be combined with flags that say what is expected');
    const change = {
      name: args.name,
      priority: args.priority?.toUpperCase(),
      expect: args['expect-nothing'] ? null : flags,
    };
    if (Object.values(change).every((value) => value === undefined))
      throw new UsageError('expected something to change, such as --name, --priority, or --every and --by');
    const changed = await client.put<ApiDocumentImport>(`${datamart}/document_imports/${found.id}`, change);
    if (args.json) printJson(changed);
    else print(`document import ${changed.id} updated: ${printable(changed.name)}${expectationOf(changed)}`);
    return 0;
  },
});

export const showImport = command({
  name: 'imports show',
  description: 'shows a document import and when its next file is due',
  args: { ...IMPORT_ARG, ...COMMON_ARGS },
  run: async (args) => {
    const client = openClient(args);
    const found = await findImport(client, datamartPath(args.datamart), args.import);
    if (args.json) {
      printJson(found);
      return 0;
    }
    const format = found.mime_type === 'TEXT_CSV' ? 'csv' : 'ndjson';
    print(`document import ${found.id}: ${printable(found.name)}, ${format}, priority ${found.priority}`);
    const { expect, expected } = found;
    if (expect !== undefined && expected !== undefined) print(expectedLines(expect, expected).join('\n'));
    return 0;
  },
});

function expectationOf({ expect }: ApiDocumentImport): string {
  return expect === undefined ? '' : `, a file ${scheduleText(expect)}`;
}
