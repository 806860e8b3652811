import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiSource, ApiSourceFile, ApiSourceTest } from '../api.ts';
import type { Client } from '../client.ts';
import type { Group } from '../command.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { UsageError } from '../failures.ts';
import { findImport } from '../find-import.ts';
import {
  type Column,
  countOf,
  formatBytes,
  formatDuration,
  formatInstant,
  note,
  print,
  printJson,
  table,
} from '../output.ts';
import { MOST_ENTRIES, readCount } from '../read-args.ts';

const COMMON_ARGS = { ...DATAMART_ARG, ...CONNECTION_ARGS } as const;
const IMPORT_ARG = {
  import: { type: 'positional', required: true, description: 'id or name of the document import' },
} as const;

const COLUMNS: readonly Column<ApiSource>[] = [
  { title: 'IMPORT', align: 'right', value: (source) => source.document_import_id },
  { title: 'KIND', value: (source) => source.kind },
  { title: 'FROM', value: placeOf },
  { title: 'SCHEDULE', value: scheduleOf },
  { title: 'NEXT (UTC)', value: (source) => formatInstant(source.next_run_ts) },
  { title: 'LAST RUN (UTC)', value: ({ last_run: last }) => formatInstant(last?.start_date ?? null) },
  {
    title: 'STATUS',
    value: ({ status, last_run: last }) => (status === 'IDLE' ? (last?.status ?? '-') : status),
    tone: ({ last_run: last }) => (last?.status === 'FAILED' ? 'bad' : null),
  },
  { title: 'ERROR', value: ({ last_run: last }) => last?.error ?? '' },
];

const FILE_COLUMNS: readonly Column<ApiSourceFile>[] = [
  { title: 'DATE (UTC)', value: (file) => formatInstant(file.date) },
  { title: 'NAME', value: (file) => file.name },
  { title: 'SIZE', align: 'right', value: ({ bytes }) => (bytes === null ? '-' : formatBytes(bytes)) },
  { title: 'STATUS', value: (file) => file.status },
  { title: 'EXECUTION', align: 'right', value: (file) => file.execution_id ?? '-' },
  { title: 'REASON', value: (file) => file.reason ?? '' },
];

const TEST_COLUMNS: readonly Column<ApiSourceTest['files'][number]>[] = [
  { title: 'NAME', value: (file) => file.name },
  { title: 'SIZE', align: 'right', value: ({ bytes }) => (bytes === null ? '-' : formatBytes(bytes)) },
  { title: 'TAKEN', value: (file) => (file.would_be_taken ? 'yes' : 'no') },
  { title: 'REASON', value: (file) => file.reason },
];

function placeOf(source: ApiSource): string {
  switch (source.kind) {
    case 'LOCAL':
      return source.folder ?? '';
    case 'HTTPS':
      return source.url ?? '';
    case 'S3':
      return `s3://${source.bucket}/${source.prefix}`;
    case 'SFTP':
      return `sftp://${source.user}@${source.host}:${source.port}/${source.folder}`;
  }
}

function scheduleOf({ schedule, enabled }: ApiSource): string {
  if (schedule === null) return 'on request';
  const text =
    schedule.interval === undefined
      ? `${schedule.cron} ${schedule.time_zone}`
      : `every ${formatDuration(schedule.interval)}`;
  return enabled ? text : `${text} (rests)`;
}

/** The path of the source of the import that was named. */
async function pathOf(client: Client, args: { readonly datamart: string; readonly import: string }) {
  const datamart = datamartPath(args.datamart);
  const { id } = await findImport(client, datamart, args.import);
  return `${datamart}/document_imports/${id}/source`;
}

const list = command({
  name: 'sources list',
  description: 'lists the sources that document imports pull files from, with their last runs',
  args: COMMON_ARGS,
  run: async (args) => {
    const sources = await openClient(args).listAll<ApiSource>(`${datamartPath(args.datamart)}/sources`);
    if (args.json) printJson(sources);
    else print(sources.length === 0 ? 'no sources' : table(sources, COLUMNS));
    return 0;
  },
});

const show = command({
  name: 'sources show',
  description: 'shows the source of a document import as JSON, without credentials',
  args: { ...IMPORT_ARG, ...COMMON_ARGS },
  run: async (args) => {
    const client = openClient(args);
    printJson(await client.get<ApiSource>(await pathOf(client, args)));
    return 0;
  },
});

const set = command({
  name: 'sources set',
  description: 'creates or replaces the source of a document import',
  args: {
    ...IMPORT_ARG,
    file: {
      type: 'positional',
      required: true,
      description: 'JSON file that describes the source (docs/sources.md); - is standard input',
    },
    credentials: {
      type: 'string',
      valueHint: 'FILE',
      description: 'JSON file with the credentials, if they are not in FILE',
    },
    ...COMMON_ARGS,
  },
  examples: [
    'muster sources set nightly source.json',
    'muster sources set nightly source.json --credentials /run/secrets/sftp.json',
  ],
  notes: ['Without credentials, the stored ones stay, as long as the source points to the same place.'],
  run: async (args) => {
    const client = openClient(args);
    const body = {
      ...(await readObject(args.file)),
      ...(args.credentials === undefined ? {} : { credentials: await readObject(args.credentials) }),
    };
    const source = await client.put<ApiSource>(await pathOf(client, args), body);
    if (args.json) printJson(source);
    else print(`files are pulled from ${placeOf(source)}, ${scheduleOf(source)}`);
    return 0;
  },
});

async function readObject(file: string): Promise<object> {
  let text: string;
  try {
    text = file === '-' ? await readStandardInput() : await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // the message would quote it, and it may be a secret
  }
  throw new UsageError(`${file}: expected a JSON object`);
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString('utf8');
}

const remove = command({
  name: 'sources delete',
  description: 'deletes the source of a document import and the record of its files; executions stay',
  args: { ...IMPORT_ARG, ...COMMON_ARGS },
  run: async (args) => {
    const client = openClient(args);
    const source = await client.delete<ApiSource>(await pathOf(client, args));
    if (args.json) printJson(source);
    else print(`the source of import ${source.document_import_id} is deleted`);
    return 0;
  },
});

const test = command({
  name: 'sources test',
  description:
    'connects to the source and shows for the first 20 files whether they would be imported, and why',
  args: { ...IMPORT_ARG, ...COMMON_ARGS },
  run: async (args) => {
    const client = openClient(args);
    const told = await client.post<ApiSourceTest>(`${await pathOf(client, args)}/test`, {});
    if (args.json) printJson(told);
    else if (!told.connected) note(`cannot use the source: ${told.error}`);
    else print(told.files.length === 0 ? 'the source has no files' : table(told.files, TEST_COLUMNS));
    return told.connected ? 0 : 2;
  },
});

const POLL_MS = 500;

const run = command({
  name: 'sources run',
  description:
    'pulls files from the source now and waits for the end of the run; exit code 1 if files were refused, 2 if the run failed',
  args: {
    ...IMPORT_ARG,
    'dry-run': { type: 'boolean', description: 'import files as dry runs; move and delete nothing' },
    wait: {
      type: 'boolean',
      default: true,
      description: 'wait for the end of the run',
      negativeDescription: 'do not wait for the end of the run',
    },
    ...COMMON_ARGS,
  },
  run: async (args) => {
    const client = openClient(args);
    const path = await pathOf(client, args);
    const before = (await client.get<ApiSource>(path)).last_run?.end_date ?? 0;
    let source = await client.post<ApiSource>(`${path}/run`, { dry_run: args['dry-run'] === true });
    if (!args.wait) {
      if (args.json) printJson(source);
      else print('run requested');
      return 0;
    }
    while (
      source.status !== 'IDLE' ||
      (source.last_run?.end_date ?? 0) < before ||
      source.last_run === null
    ) {
      await sleep(POLL_MS);
      source = await client.get<ApiSource>(path);
    }
    const { last_run: last } = source;
    if (args.json) printJson(last);
    else {
      print(`${countOf(last.files_taken, 'file')} taken, ${last.files_refused} refused`);
      if (last.error !== null) note(`the run failed: ${last.error}`);
    }
    if (last.status === 'FAILED') return 2;
    return last.files_refused > 0 ? 1 : 0;
  },
});

const files = command({
  name: 'sources files',
  description: 'lists the files of a source with their outcomes, newest first',
  args: {
    ...IMPORT_ARG,
    status: {
      type: 'string',
      valueHint: 'STATUS,…',
      description: 'only files with one of these statuses: TAKEN, SAME, DRY_RUN, REFUSED, FAILED',
    },
    limit: { type: 'string', valueHint: 'N', default: '50', description: 'at most N, newest first' },
    ...COMMON_ARGS,
  },
  run: async (args) => {
    const client = openClient(args);
    const { data } = await client.list<ApiSourceFile>(`${await pathOf(client, args)}/files`, {
      status: args.status,
      max_results: readCount('--limit', args.limit, MOST_ENTRIES),
    });
    if (args.json) printJson(data);
    else print(data.length === 0 ? 'no files' : table(data, FILE_COLUMNS));
    return 0;
  },
});

export const sources: Group = {
  description: 'lists, sets, tests and runs sources, from which document imports pull files',
  fallback: 'list',
  commands: {
    list: async () => list,
    show: async () => show,
    set: async () => set,
    delete: async () => remove,
    test: async () => test,
    run: async () => run,
    files: async () => files,
  },
};
