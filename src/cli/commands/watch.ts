import { stat } from 'node:fs/promises';
import path from 'node:path';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { UsageError } from '../failures.ts';
import { readFormat } from '../import/format.ts';
import type { Outcome } from '../import/import-file.ts';
import { reportOf, summarize } from '../import/summary.ts';
import { note, print, printable } from '../output.ts';
import { readCount } from '../read-args.ts';
import { watchFolder } from '../watch/watch-folder.ts';

const DAY_SECONDS = 86_400;

export const watch = command({
  name: 'watch',
  description: 'watches a folder and imports files that are put into it',
  args: {
    folder: { type: 'positional', required: true, valueHint: 'DIR', description: 'folder to watch' },
    import: { type: 'string', valueHint: 'ID|NAME', description: 'as for muster import' },
    segment: { type: 'string', valueHint: 'ID|NAME', description: 'as for muster import' },
    format: {
      type: 'string',
      valueHint: 'ndjson|csv|parquet',
      description: 'format, if neither the file name nor the content shows it',
    },
    settle: {
      type: 'string',
      valueHint: 'SECONDS',
      default: '5',
      description: 'a file is complete if it has not changed for this long',
    },
    once: { type: 'boolean', description: 'import the files that are there, then exit' },
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  examples: ['muster watch /srv/drop', 'muster watch /srv/drop --import nightly --once'],
  notes: [
    'A file moves to done/ if every line was applied, else to failed/, with NAME.report.json and NAME.errors beside it.',
    'Write files elsewhere and rename them into the folder. Files are ignored if their names begin with a dot or _, or end in .part, .partial, .tmp, .crdownload, .filepart or ~; so are reports, and error files beside their file.',
    'Symbolic links are not followed; they move to failed/. An empty file moves to done/ if it is named as a part (part-00003.csv), else to failed/.',
    'Run only one watch per folder. --json prints one line of JSON per file.',
  ],
  run: async (args) => {
    if (args.import !== undefined && args.segment !== undefined)
      throw new UsageError('--import and --segment cannot be combined');
    const folder = path.resolve(args.folder);
    const isFolder = await stat(folder).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isFolder) throw new UsageError(`expected a folder, got ${JSON.stringify(args.folder)}`);
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
    let failed = 0;
    const left = await watchFolder(openClient(args), {
      folder,
      destination: {
        datamart: datamartPath(args.datamart),
        documentImport: args.import,
        segment: args.segment,
        format: readFormat(args.format),
      },
      settleMs: readCount('--settle', args.settle, DAY_SECONDS) * 1000,
      until: args.once ? 'empty' : 'stopped',
      signal: stop.signal,
      onDone: (outcome, movedTo) => {
        if (outcome.exitCode !== 0 && !outcome.passes) failed += 1;
        if (args.json) print(JSON.stringify({ ...reportOf(outcome), moved_to: movedTo }));
        else print(summarize(outcome));
        if (outcome.error !== null)
          note(`${labelOf(outcome)}: ${printable(`${outcome.file}: ${outcome.error.text}`)}`);
      },
      onTrouble: (text) => note(printable(text)),
    });
    return failed + left === 0 ? 0 : 2;
  },
});

function labelOf({ passes, exitCode }: Outcome): string {
  if (passes) return 'retrying later';
  return exitCode === 0 ? 'nothing to import' : 'error';
}
