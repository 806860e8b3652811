import type { ApiDocumentImport, ApiExecution } from '../api.ts';
import type { Group } from '../command.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { STATE_TONES, stateText } from '../expectation.ts';
import { formatOfMimeType } from '../import/target.ts';
import { type Column, formatCount, formatInstant, print, printJson, table } from '../output.ts';
import { STATUS_TONES } from '../style.ts';

type Listed = ApiDocumentImport & {
  readonly creation_ts: number;
  readonly last_execution?: ApiExecution | null;
};

const COLUMNS: readonly Column<Listed>[] = [
  { title: 'ID', align: 'right', value: (of) => of.id },
  { title: 'NAME', value: (of) => of.name },
  { title: 'FORMAT', value: (of) => formatOfMimeType(of.mime_type) },
  { title: 'PRIORITY', value: (of) => of.priority },
  { title: 'MADE (UTC)', value: (of) => formatInstant(of.creation_ts) },
  { title: 'LAST EXECUTION', align: 'right', value: ({ last_execution: last }) => last?.id ?? '-' },
  {
    title: 'STATUS',
    value: ({ last_execution: last }) => last?.status ?? '-',
    tone: ({ last_execution: last }) => STATUS_TONES[last?.status ?? ''] ?? null,
  },
  {
    title: 'FAILED LINES',
    align: 'right',
    value: ({ last_execution: last }) => (last ? formatCount(last.erroneous_tasks ?? 0) : '-'),
  },
];

/** Where some of them expect files. */
const EXPECTED_COLUMNS: readonly Column<Listed>[] = [
  {
    title: 'EXPECTED',
    value: ({ expected }) => (expected ? stateText(expected) : '-'),
    tone: ({ expected }) =>
      expected === undefined
        ? null
        : expected.problems.length > 0
          ? 'odd'
          : (STATE_TONES[expected.state] ?? null),
  },
  {
    title: 'NEXT DUE (UTC)',
    value: ({ expected }) => formatInstant(expected?.due_ts ?? null),
  },
];

const list = command({
  name: 'imports list',
  description: 'lists document imports with their last executions, newest first',
  args: {
    keywords: { type: 'string', description: 'only imports whose name contains this text' },
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  examples: ['muster imports', 'muster imports --keywords nightly --json'],
  run: async (args) => {
    const found = await openClient(args).listAll<Listed>(`${datamartPath(args.datamart)}/document_imports`, {
      keywords: args.keywords,
      last_execution: 'true',
    });
    const isExpected = found.some(({ expected }) => expected !== undefined);
    const columns = isExpected ? [...COLUMNS, ...EXPECTED_COLUMNS] : COLUMNS;
    if (args.json) printJson(found);
    else print(found.length === 0 ? 'no document imports' : table(found, columns));
    return 0;
  },
});

export const imports: Group = {
  description: 'lists, shows, creates and changes document imports, and suggests mappings for them',
  fallback: 'list',
  commands: {
    list: async () => list,
    show: async () => (await import('./import-edits.ts')).showImport,
    create: async () => (await import('./import-edits.ts')).createImport,
    update: async () => (await import('./import-edits.ts')).updateImport,
    map: async () => (await import('./imports-map.ts')).mapFile,
  },
};
