import type { ApiExecution } from '../api.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { UsageError } from '../failures.ts';
import { findImport } from '../find-import.ts';
import { findSegment } from '../find-segment.ts';
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
import { MOST_ENTRIES, readCount, readId, readInstant } from '../read-args.ts';
import { STATUS_TONES } from '../style.ts';

const STATUSES = ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED'];

/** What an execution does, in the words and with the queries of the console's list of runs. */
const KINDS = {
  update: { job_type: 'DOCUMENT_IMPORT', mode: 'update', dry_run: 'false' },
  replace: { mode: 'replace', dry_run: 'false' },
  'dry-run': { dry_run: 'true' },
  'user-list': { job_type: 'USER_SEGMENT_IMPORT' },
  revert: { job_type: 'REVERT' },
} as const;

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
  description: 'lists executions, the newest first: what was imported, what waits and what runs',
  args: {
    status: {
      type: 'string',
      valueHint: 'STATUS,…',
      description: `only those that are one of ${STATUSES.join(', ')}`,
    },
    import: { type: 'string', valueHint: 'ID|NAME', description: 'only those of this document import' },
    segment: {
      type: 'string',
      valueHint: 'ID|NAME',
      description: 'only those of user lists of this segment',
    },
    kind: { type: 'string', valueHint: Object.keys(KINDS).join('|'), description: 'only those that do this' },
    file: { type: 'string', description: 'only those of files whose name contains this' },
    by: { type: 'string', valueHint: 'ID', description: 'only those that this token uploaded, by its id' },
    from: { type: 'string', valueHint: 'DATE', description: 'created on this day or instant or later, UTC' },
    to: { type: 'string', valueHint: 'DATE', description: 'created before this day or instant, UTC' },
    'failed-lines': { type: 'boolean', description: 'only those with lines that failed' },
    limit: { type: 'string', valueHint: 'N', default: '50', description: 'how many at most' },
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  choices: { status: STATUSES },
  examples: [
    'muster executions',
    'muster executions --status failed --import nightly',
    'muster executions --status pending,running',
    'muster executions --kind replace --from 2026-01-31 --file customers',
  ],
  run: async (args) => {
    const client = openClient(args);
    const limit = readCount('--limit', args.limit, MOST_ENTRIES);
    const datamart = datamartPath(args.datamart);
    if (args.import !== undefined && args.segment !== undefined)
      throw new UsageError('--import and --segment exclude each other');
    const query = {
      ...readKind(args.kind),
      status: readStatuses(args.status),
      file_name: args.file,
      user_id: args.by === undefined ? undefined : readId(args.by, '--by'),
      from: readInstant('--from', args.from),
      to: readInstant('--to', args.to),
      has_failed_lines: args['failed-lines'] ? 'true' : undefined,
      document_import_id: args.import && (await findImport(client, datamart, args.import)).id,
      segment_id: args.segment && (await findSegment(client, datamart, args.segment)).id,
    };
    const path = `${datamart}/executions`;
    const { elements, total } = await client.listFirst<ApiExecution>(path, limit, query);
    if (args.json) printJson(elements);
    else print(elements.length === 0 ? 'no executions' : table(elements, COLUMNS));
    if (!args.json && elements.length < total) note(`${formatCount(total - elements.length)} more: --limit`);
    return 0;
  },
});

function readKind(given: string | undefined): Readonly<Record<string, string>> {
  if (given === undefined) return {};
  if (Object.hasOwn(KINDS, given)) return KINDS[given as keyof typeof KINDS];
  const expected = Object.keys(KINDS).join(', ');
  throw new UsageError(`--kind: expected one of ${expected}, got ${JSON.stringify(given)}`);
}

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
