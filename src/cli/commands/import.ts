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
  ERRORS: 'it has failed lines of another file; to import it, name it alone',
  REPORT: 'it is a report of muster watch',
  NO_DATA: 'names that begin with _ or a dot are not data; to import it, name it alone',
} as const;

export const importCommand = command({
  name: 'import',
  description: 'imports files and reports what happened to every line',
  args: {
    file: {
      type: 'positional',
      valueHint: 'FILE…',
      description: 'NDJSON, CSV, TSV or Parquet; gzip and zstd are sent as they are; - is standard input',
    },
    import: {
      type: 'string',
      valueHint: 'ID|NAME',
      description:
        'document import that the files are for; without it "muster-cli ndjson", "muster-cli csv" or "muster-cli parquet", made when missing',
    },
    segment: {
      type: 'string',
      valueHint: 'ID|NAME',
      description: 'the files are lists of users (CSV, TSV) for this one segment, by id or technical name',
    },
    mapping: {
      type: 'string',
      valueHint: 'FILE',
      description:
        'mapping as JSON for files with columns of their own, as muster imports map --print makes one; they go to an import of its name',
    },
    'dry-run': {
      type: 'boolean',
      description: 'check and count everything as if it were applied, and write nothing',
    },
    mode: {
      type: 'string',
      valueHint: 'update|replace',
      description:
        'replace: each segment that a file names holds exactly the users of the file afterwards, in one step',
    },
    'max-shrink-ratio': {
      type: 'string',
      valueHint: '0…1',
      description:
        'with --mode replace: apply nothing where a segment would become smaller by more than this share of its size; members who are exchanged for others do not count; 0.5 unless it is given, and to empty one takes 1',
    },
    'max-failure-ratio': {
      type: 'string',
      valueHint: '0…1',
      description:
        'apply nothing of a file of which more than this share of the commands fails; with --mode replace 0 unless it is given',
    },
    'create-missing-segments': {
      type: 'boolean',
      description:
        'make a segment of a technical name that no segment has; a dry run tells which, and makes none',
    },
    corrects: {
      type: 'string',
      valueHint: 'EXECUTION',
      description:
        'the execution whose failed lines the file corrects; the file goes to the import or segment of that one',
    },
    yes: {
      type: 'boolean',
      alias: 'y',
      description: 'with --mode replace: do not ask in a terminal before segments are replaced',
    },
    'revert-on-failure': {
      type: 'boolean',
      description: 'take back what a file has done whose execution failed or was canceled',
    },
    errors: {
      type: 'string',
      valueHint: 'FILE|DIR',
      description: 'where failed lines are saved; without it beside each file, of standard input here',
    },
    format: {
      type: 'string',
      valueHint: 'ndjson|csv|parquet',
      description: 'when neither name nor content tell',
    },
    jobs: {
      type: 'string',
      alias: 'j',
      valueHint: 'N',
      default: '1',
      description: 'files sent at the same time; above 1, their order is not guaranteed',
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
    'Lines that fail of day.csv are saved as day.csv.errors.csv: correct and import that file. One that was changed since is never overwritten: the next is day.csv.errors.2.csv.',
    'Rows that fail of day.parquet are saved as lines of NDJSON, day.parquet.errors.ndjson: an import of Parquet takes them too.',
    'Such files, which their first columns tell, are left out where others are named too, so that *.csv takes none; name them alone to import them. So are hidden files and names that begin with _, such as _SUCCESS.',
    'In a terminal --mode replace asks first, and says from a dry run of the file who would leave which segment. In scripts it does not ask.',
    'Exit codes: 0 every line applied, 2 some lines failed, 1 it did not work; of several files the worst.',
  ],
  run: async (args) => {
    writePrivately();
    if (args.import !== undefined && args.segment !== undefined)
      throw new UsageError('--import and --segment exclude each other');
    if (args.mapping !== undefined && (args.import ?? args.segment) !== undefined)
      throw new UsageError(
        '--mapping is for files that go to no named import: it excludes --import and --segment',
      );
    if (args.corrects !== undefined && args.mapping !== undefined)
      throw new UsageError('--corrects reads the file by the mapping of its import: it excludes --mapping');
    if (args['revert-on-failure'] && !args.wait)
      throw new UsageError('--revert-on-failure waits for the end: it excludes --no-wait');
    const client = openClient(args);
    const destination = {
      datamart: datamartPath(args.datamart),
      ...(await ownerOf(client, args)),
      format: readFormat(args.format),
      mapping: args.mapping === undefined ? undefined : await readMappingFile(args.mapping),
      options: readOptions(args),
    };
    const { files, left } = await withoutReports(await Promise.all(args._.map(findFile)));
    for (const { file, kind } of left) note(`${printable(shown(file))}: left out, ${WHY_LEFT[kind]}`);
    const place = await readErrorPlace(args.errors);
    if (place.kind === 'FILE' && files.length > 1)
      throw new UsageError(
        '--errors: expected a folder for the failed lines of several files, got the name of one',
      );
    if (files.filter((file) => descriptorOf(shown(file)) === 0).length > 1)
      throw new UsageError('standard input can be read once, it was named more than once');
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
