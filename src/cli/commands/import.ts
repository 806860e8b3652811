import { mapAtMost } from '../../at-most.ts';
import { writePrivately } from '../../private-files.ts';
import { hasEnded } from '../api.ts';
import type { Client } from '../client.ts';
import { command, type ExitCode } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { locateExecution } from '../executions.ts';
import { UsageError } from '../failures.ts';
import { findFile } from '../files/find-file.ts';
import { shown } from '../files/name.ts';
import { terminal } from '../import/confirm.ts';
import { keepFiles, readErrorPlace, saveErrorFile } from '../import/error-file.ts';
import { openFileProgress } from '../import/file-progress.ts';
import { readFormat } from '../import/format.ts';
import { importFile, type Outcome } from '../import/import-file.ts';
import { readOptions } from '../import/options.ts';
import { withoutReports } from '../import/reports.ts';
import { descriptorOf } from '../import/spool.ts';
import { followUp, reportOf, summarize, totalOf } from '../import/summary.ts';
import type { Destination } from '../import/target.ts';
import { readMappingFile } from '../mapping/mapping-file.ts';
import { note, print, printable, printJson } from '../output.ts';
import { readCount } from '../read-args.ts';
import { tone } from '../style.ts';

const MAX_JOBS = 32;

const WHY_LEFT = {
  ERRORS: 'because it holds failed lines of another file; to import it, name only it',
  REPORT: 'because it is a report of muster watch',
  NO_DATA: 'because names that begin with _ or a dot are not data; to import it, name only it',
} as const;

export const importCommand = command({
  name: 'import',
  description: 'imports files and reports what happened to every line',
  args: {
    file: {
      type: 'positional',
      valueHint: 'FILE…',
      description:
        'NDJSON, CSV, TSV or Parquet, optionally compressed with gzip or zstd; - is standard input',
    },
    import: {
      type: 'string',
      valueHint: 'ID|NAME',
      description:
        'document import of the files; by default "muster-cli ndjson", "muster-cli csv" or "muster-cli parquet", created if missing',
    },
    segment: {
      type: 'string',
      valueHint: 'ID|NAME',
      description: 'import lists of users (CSV, TSV) into this one segment, given by id or technical name',
    },
    mapping: {
      type: 'string',
      valueHint: 'FILE',
      description:
        'JSON mapping for files with their own columns, as printed by muster imports map --print; the import is named after this file',
    },
    'dry-run': {
      type: 'boolean',
      description: 'check and count everything, but write nothing',
    },
    mode: {
      type: 'string',
      valueHint: 'update|replace',
      description:
        'replace: make each segment that a file names hold exactly the users of the file, in one step',
    },
    'max-shrink-ratio': {
      type: 'string',
      valueHint: '0…1',
      description:
        'with --mode replace: apply nothing if a segment would shrink by more than this share of its size (members exchanged for others do not count); 0.5 by default; 1 allows emptying a segment',
    },
    'max-failure-ratio': {
      type: 'string',
      valueHint: '0…1',
      description:
        'apply nothing if more than this share of the commands of a file fails; with --mode replace 0 by default',
    },
    'create-missing-segments': {
      type: 'boolean',
      description:
        'create segments for technical names that do not exist yet; a dry run lists them and creates none',
    },
    corrects: {
      type: 'string',
      valueHint: 'EXECUTION',
      description:
        'execution whose failed lines the file corrects; the file goes to the same import or segment',
    },
    yes: {
      type: 'boolean',
      alias: 'y',
      description: 'with --mode replace: do not ask for confirmation in a terminal',
    },
    'revert-on-failure': {
      type: 'boolean',
      description: 'revert a file if its execution fails or is canceled',
    },
    errors: {
      type: 'string',
      valueHint: 'FILE|DIR',
      description:
        'where to save failed lines; by default beside each file, or for standard input in the current folder',
    },
    format: {
      type: 'string',
      valueHint: 'ndjson|csv|parquet',
      description: 'format, if neither the file name nor the content shows it',
    },
    jobs: {
      type: 'string',
      alias: 'j',
      valueHint: 'N',
      default: '1',
      description: 'number of files sent at the same time; above 1, their order is not guaranteed',
    },
    wait: {
      type: 'boolean',
      default: true,
      description: 'wait until the files are applied',
      negativeDescription: 'do not wait until the files are applied',
    },
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  positionals: 'any',
  examples: [
    'muster import day-one.ndjson',
    'muster import --import "nightly export" part-1.csv.gz part-2.csv.gz',
    'muster import --dry-run --max-failure-ratio 0.05 day-two.ndjson',
    'muster import --mode replace --max-shrink-ratio 0.3 --segment big-spenders customers.csv',
    'muster import --segment big-spenders customers.csv',
    'muster import --mapping crm.mapping.json crm.csv',
    'muster import -j 4 parts/*.ndjson.gz',
    'muster errors 17 -o failed.csv && $EDITOR failed.csv && muster import --corrects 17 failed.csv',
    'muster import --import warehouse part-*.parquet',
    "psql -c 'copy (…) to stdout csv header' | muster import --format csv -",
  ],
  notes: [
    'Failed lines of day.csv are saved as day.csv.errors.csv: correct that file and import it. A file that you have edited is never overwritten: the next one is day.csv.errors.2.csv.',
    'Failed rows of day.parquet are saved as NDJSON in day.parquet.errors.ndjson, which Parquet imports accept too.',
    'Error files are recognised by their first columns and skipped if other files are given too, so *.csv does not import them; so are hidden files and names that begin with _, such as _SUCCESS. To import such a file, name only it.',
    'In a terminal, --mode replace first makes a dry run, shows how many would leave each segment, and asks. In scripts it does not ask.',
    'Exit codes: 0 every line applied, 2 some lines failed, 1 a file was not imported; with several files, the worst one.',
  ],
  run: async (args) => {
    writePrivately();
    if (args.import !== undefined && args.segment !== undefined)
      throw new UsageError('--import and --segment cannot be combined');
    if (args.mapping !== undefined && (args.import ?? args.segment) !== undefined)
      throw new UsageError(
        '--mapping cannot be combined with --import or --segment: its own name is that of the import',
      );
    if (args.corrects !== undefined && args.mapping !== undefined)
      throw new UsageError('--corrects cannot be combined with --mapping: the mapping of the import applies');
    if (args['revert-on-failure'] && !args.wait)
      throw new UsageError(
        '--revert-on-failure cannot be combined with --no-wait: it has to wait for the end',
      );
    const client = openClient(args);
    const destination = {
      datamart: datamartPath(args.datamart),
      ...(await ownerOf(client, args)),
      format: readFormat(args.format),
      mapping: args.mapping === undefined ? undefined : await readMappingFile(args.mapping),
      options: readOptions(args),
    };
    const { files, left } = await withoutReports(await Promise.all(args._.map(findFile)));
    for (const { file, kind } of left) note(`${printable(shown(file))}: skipped, ${WHY_LEFT[kind]}`);
    const place = await readErrorPlace(args.errors);
    if (place.kind === 'FILE' && files.length > 1)
      throw new UsageError('--errors: expected a folder for the failed lines of several files, got one file');
    if (files.filter((file) => descriptorOf(shown(file)) === 0).length > 1)
      throw new UsageError('standard input can be read only once, but was given more than once');
    const kept = await keepFiles(files);
    const isAsked = args.mode === 'replace' && !args['dry-run'] && !args.yes;
    const ask = isAsked ? terminal() : null;
    const jobs = readCount('--jobs', args.jobs, MAX_JOBS);
    if (args.mode === 'replace' && !args['dry-run'] && jobs > 1)
      throw new UsageError('--jobs: files that replace segments are sent one at a time');
    if (ask !== null && jobs > 1)
      throw new UsageError('--jobs: questions are asked one at a time; use --yes or leave --jobs out');
    const interrupt = new AbortController();
    // Once: a second Ctrl-C ends the process in the way of the system.
    process.once('SIGINT', () => interrupt.abort(new Error('interrupted')));
    const { signal } = interrupt;
    const bar = openFileProgress(jobs > 1 ? files.length : 0);
    const finished = await mapAtMost(files, jobs, async (file) => {
      if (signal.aborted) return [];
      const outcome = await importFile(client, file, {
        ...{ destination, signal, ask },
        until: args.wait ? 'ended' : 'received',
        onFailure: args['revert-on-failure'] ? 'revert' : 'keep',
        progress: jobs > 1 ? 'hidden' : 'shown',
        saveErrors: (failed) => saveErrorFile({ ...failed, place, kept }),
      });
      bar.print(() => report(outcome, args.json ? 'json' : 'text'));
      return [outcome];
    });
    bar.close();
    const outcomes = finished.flat();
    const exitCode = worst(outcomes);
    const total = outcomes.length > 1 ? totalOf(outcomes) : null;
    if (total !== null && !args.json) print(total);
    if (args.json) printJson({ files: outcomes.map(reportOf), exit_code: exitCode });
    return exitCode;
  },
});

/** What the files are for: what is named, or what they correct. */
async function ownerOf(
  client: Client,
  args: {
    readonly datamart: string;
    readonly import?: string | undefined;
    readonly segment?: string | undefined;
    readonly corrects?: string | undefined;
  },
): Promise<Pick<Destination, 'documentImport' | 'segment'>> {
  const { corrects } = args;
  if (corrects === undefined) return { documentImport: args.import, segment: args.segment };
  const { execution } = await locateExecution(client, { ...args, execution: corrects });
  const { document_import_id: importId, segment_id: segment } = execution.parameters;
  return importId === undefined
    ? { documentImport: undefined, segment }
    : { documentImport: String(importId), segment: undefined };
}

function report(outcome: Outcome, as: 'json' | 'text'): void {
  if (as === 'text') print(summarize(outcome));
  const { error, execution } = outcome;
  if (error !== null)
    note(
      `${tone('error:', 'bad', process.stderr)} ${printable(outcome.file)}: ${error.text}${error.code === null ? '' : ` (${error.code})`}`,
    );
  const hint = execution !== null && !hasEnded(execution) ? followUp(outcome) : null;
  if (hint !== null && as === 'text') note(hint);
}

/** 1 before 2 before 0. */
function worst(outcomes: readonly Outcome[]): ExitCode {
  const codes = outcomes.map((outcome) => outcome.exitCode);
  if (codes.includes(1)) return 1;
  return codes.includes(2) ? 2 : 0;
}
