import type { ApiExecution } from '../api.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { executionsPath } from '../executions.ts';
import { UsageError } from '../failures.ts';
import {
  type Column,
  formatCount,
  formatDuration,
  formatInstant,
  note,
  print,
  printJson,
  table,
} from '../output.ts';
import { MOST_ENTRIES, readCount } from '../read-args.ts';
import { STATUS_TONES } from '../style.ts';

const STATUSES = ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED'];

const COLUMNS: readonly Column<ApiExecution>[] = [
  { title: 'ID', align: 'right', value: (of) => of.id },
  { title: 'MADE (UTC)', value: (of) => formatInstant(of.creation_date) },
  {
    title: 'STATUS',
    value: (of) => `${of.status}${of.dry_run ? ', dry run' : ''}`,
    tone: (of) => STATUS_TONES[of.status] ?? null,
  },
  {
    title: 'OF',
    value: ({ parameters: of }) =>
      of.document_import_id === undefined ? `segment ${of.segment_id}` : `import ${of.document_import_id}`,
  },
  { title: 'FILE', value: fileOf },
  {
    title: 'LINES',
    align: 'right',
    value: (of) => (of.num_tasks === null ? '-' : formatCount(of.num_tasks)),
  },
  {
    title: 'FAILED',
    align: 'right',
    value: (of) => formatCount(of.erroneous_tasks ?? 0),
    tone: (of) => (of.erroneous_tasks ? 'bad' : null),
  },
  {
    title: 'TOOK',
    align: 'right',
    value: (of) => (of.duration === null ? '-' : formatDuration(of.duration)),
  },
  { title: 'REVERTED BY', align: 'right', value: (of) => of.reverted_by_execution_id ?? '-' },
];

export const executions = command({
  name: 'executions',
  description: 'lists executions, newest first: files that were imported, wait or run',
  args: {
    status: {
      type: 'string',
      valueHint: 'STATUS,…',
      description: `only executions with one of these statuses: ${STATUSES.join(', ')}`,
    },
    import: { type: 'string', valueHint: 'ID|NAME', description: 'only executions of this document import' },
    segment: {
      type: 'string',
      valueHint: 'ID|NAME',
      description: 'only executions of user lists of this segment',
    },
    limit: { type: 'string', valueHint: 'N', default: '50', description: 'at most N' },
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  examples: [
    'muster executions',
    'muster executions --status failed --import nightly',
    'muster executions --status pending,running',
  ],
  run: async (args) => {
    const client = openClient(args);
    const limit = readCount('--limit', args.limit, MOST_ENTRIES);
    const status = readStatuses(args.status);
    const path = await executionsPath(client, datamartPath(args.datamart), args);
    const { elements, total } = await client.listFirst<ApiExecution>(path, limit, { status });
    if (args.json) printJson(elements);
    else print(elements.length === 0 ? 'no executions' : table(elements, COLUMNS));
    if (!args.json && elements.length < total)
      note(`${formatCount(total - elements.length)} more; see them with --limit`);
    return 0;
  },
});

function readStatuses(given: string | undefined): string | undefined {
  const wanted = given?.split(',').map((each) => each.trim().toUpperCase());
  const unknown = wanted?.find((each) => !STATUSES.includes(each));
  if (unknown !== undefined)
    throw new UsageError(`--status: expected some of ${STATUSES.join(', ')}, got ${JSON.stringify(unknown)}`);
  return wanted?.join(',');
}

function fileOf({ reverts_execution_id: reverted, result }: ApiExecution): string {
  return reverted === undefined ? (result?.input_file_name ?? '-') : `takes back ${reverted}`;
}
