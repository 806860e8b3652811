import { readSamples, type ServingSamples, servingOf } from '../../model/metric-samples.ts';
import { type ApiDocumentImport, type ApiExecution, type ApiFailedLine, hasEnded } from '../api.ts';
import type { Client, Connection } from '../client.ts';
import { command, type ExitCode } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { countSegments, exitCodeOf, type Located, locateExecution, OWNER_ARGS } from '../executions.ts';
import { ApiError, UsageError } from '../failures.ts';
import type { FailedLine } from '../import/failed-lines.ts';
import { FIRST_FAILURES, type Outcome } from '../import/import-file.ts';
import { waitsFor } from '../import/progress.ts';
import { summarize } from '../import/summary.ts';
import { listUnknownSegments } from '../import/unknown-segments.ts';
import { listWarnings } from '../import/warnings.ts';
import {
  type Column,
  countOf,
  formatBytes,
  formatCount,
  formatDuration,
  formatInstant,
  print,
  printJson,
  table,
} from '../output.ts';
import { commandAbout } from '../same-service.ts';

export const status = command({
  name: 'status',
  description: 'shows the health and load of the service, or one execution',
  args: {
    execution: { type: 'positional', required: false, description: 'id of an execution' },
    ...OWNER_ARGS,
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  examples: ['muster status', 'muster status 17'],
  run: async (args) => {
    const client = openClient(args);
    datamartPath(args.datamart);
    const as = args.json ? 'json' : 'text';
    if (args.execution !== undefined)
      return showExecution(client, await locateExecution(client, { ...args, execution: args.execution }), as);
    if (args.import !== undefined || args.segment !== undefined)
      throw new UsageError('--import and --segment need the id of an execution');
    return showService(client, args.datamart, as);
  },
});

async function showExecution(client: Client, located: Located, as: 'json' | 'text'): Promise<ExitCode> {
  const { execution } = located;
  if (as === 'json') printJson(execution);
  else {
    const warnings = await listWarnings(client, located);
    const unknownSegments = await listUnknownSegments(client, located);
    print(
      executionText(located, client.connection, {
        warnings,
        unknownSegments,
        firstFailures: await firstFailures(client, located),
      }),
    );
  }
  return hasEnded(execution) ? exitCodeOf(execution) : 0;
}

/** None where the error file is not there any more. */
async function firstFailures(client: Client, { path, execution }: Located): Promise<readonly FailedLine[]> {
  if (!execution.erroneous_tasks) return [];
  try {
    const query = { max_results: FIRST_FAILURES };
    const { data } = await client.list<ApiFailedLine>(`${path}/${execution.id}/errors`, query);
    return data.map(({ error_line: line, error_code: code, error_message: message }) => ({
      ...{ line, code, message },
    }));
  } catch (error) {
    if (error instanceof ApiError && error.code === 'FILE_REMOVED') return [];
    throw error;
  }
}

type Examples = Required<Pick<Outcome, 'warnings' | 'unknownSegments' | 'firstFailures'>>;

function executionText({ path, execution }: Located, connection: Connection, examples: Examples): string {
  const place = { path, connection };
  const [, label = ''] = /((?:document_imports|audience_segments)\/\d+)/.exec(path) ?? [];
  const text = summarize({
    file: execution.result?.input_file_name ?? 'file',
    exitCode: 0,
    target: { ...place, label: label.replace('/', ' ').replace('_', ' ').replace('s ', ' ') },
    execution,
    ...examples,
    errorFile: execution.result?.error_file_uri
      ? `${commandAbout('errors', execution.id, place)} -o FILE`
      : null,
    error: null,
    passes: false,
  });
  const lines = [text];
  if (!hasEnded(execution)) lines.push(`  ${progressText(execution)}`);
  if (execution.error !== null) lines.push(`  ${execution.error.message}`);
  return lines.join('\n');
}

function progressText({ progress, completed_tasks: done }: ApiExecution): string {
  if (!progress) return `${formatCount(done ?? 0)} commands applied`;
  const part = Math.floor((100 * progress.bytes_read) / Math.max(1, progress.bytes_total));
  const waiting = progress.waiting ? `; it waits: ${waitsFor(progress.waiting)}` : '';
  return `${formatCount(done ?? 0)} commands applied, ${part}% of the file${waiting}`;
}

type ImportLoad = {
  readonly id: string;
  readonly name: string;
  readonly running: readonly ApiExecution[];
  readonly pending: readonly ApiExecution[];
};

const COLUMNS: readonly Column<ImportLoad>[] = [
  { title: 'IMPORT', align: 'right', value: (load) => load.id },
  { title: 'NAME', value: (load) => load.name },
  { title: 'RUNNING', align: 'right', value: (load) => formatCount(load.running.length) },
  { title: 'PENDING', align: 'right', value: (load) => formatCount(load.pending.length) },
  { title: 'OLDEST', value: (load) => formatInstant(oldest([...load.running, ...load.pending])) },
];

async function showService(client: Client, datamartId: string, as: 'json' | 'text'): Promise<ExitCode> {
  const health = await readHealth(client);
  const loads = await listLoads(client, `/datamarts/${datamartId}`);
  const segments = await countSegments(client, datamartId);
  const serving = await readServing(client);
  if (as === 'json') {
    printJson({
      ...{ url: client.connection.url, health, segments, document_imports: loads },
      serving: serving && {
        up: serving.isUp,
        made_ratio: serving.madeRatio,
        runs: serving.runs,
        file_bytes: serving.fileBytes,
        memory_bytes: serving.memoryBytes,
        base_age_seconds: serving.baseAgeSeconds,
      },
    });
    return health.ready ? 0 : 1;
  }
  const isWhole = health.ready && !health.text.includes('"degraded"');
  const state = isWhole ? 'ready' : `${health.ready ? 'degraded' : 'not ready'} (${health.text})`;
  print(`${client.connection.url}: ${state}`);
  print(
    `datamart ${datamartId}: ${countOf(segments, 'segment')}, ${countOf(loads.length, 'document import')}`,
  );
  if (serving !== null) print(servingText(serving));
  const busy = loads.filter((load) => load.running.length + load.pending.length > 0);
  print(busy.length === 0 ? 'nothing is running or pending' : `\n${table(busy, COLUMNS)}`);
  return health.ready ? 0 : 1;
}

async function readHealth(client: Client): Promise<{ ready: boolean; text: string }> {
  const response = await client.raw('/health');
  return { ready: response.ok, text: `${response.status} ${(await response.text()).slice(0, 500)}`.trim() };
}

/**
 * Null where it is not told: a store on PostgreSQL has no serving runs, and a proxy may keep
 * metrics to itself.
 */
async function readServing(client: Client): Promise<ServingSamples | null> {
  const response = await client.raw('/metrics');
  return response.ok ? servingOf(readSamples(await response.text())) : null;
}

function servingText({
  isUp,
  madeRatio,
  runs,
  fileBytes,
  memoryBytes,
  baseAgeSeconds,
}: ServingSamples): string {
  if (!isUp)
    return `serving runs are being built; until then look-ups query the tables (${Math.floor(100 * madeRatio)} %)`;
  const size = `${formatBytes(fileBytes)} on disk, ${formatBytes(memoryBytes)} in memory`;
  const age = baseAgeSeconds === null ? '' : `, base built ${formatDuration(1000 * baseAgeSeconds)} ago`;
  return `look-ups are answered by ${countOf(runs, 'serving run')}: ${size}${age}`;
}

async function listLoads(client: Client, datamart: string): Promise<ImportLoad[]> {
  const imports = await client.listAll<ApiDocumentImport>(`${datamart}/document_imports`);
  const loads: ImportLoad[] = [];
  for (const { id, name } of imports) {
    const path = `${datamart}/document_imports/${id}/executions`;
    loads.push({
      id,
      name,
      running: await client.listAll<ApiExecution>(path, { status: 'RUNNING' }),
      pending: await client.listAll<ApiExecution>(path, { status: 'PENDING' }),
    });
  }
  return loads;
}

function oldest(executions: readonly ApiExecution[]): number | null {
  return executions.length === 0 ? null : Math.min(...executions.map((e) => e.creation_date));
}
