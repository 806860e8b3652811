import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { REJECTION_CODES } from '../../model/command.ts';
import { writePrivately } from '../../private-files.ts';
import { type ApiExecution, hasEnded } from '../api.ts';
import type { Client } from '../client.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, openClient } from '../connection.ts';
import { didYouMean } from '../did-you-mean.ts';
import { type Located, locateExecution, OWNER_ARGS } from '../executions.ts';
import { CliError, UsageError } from '../failures.ts';
import { exists } from '../files/find-file.ts';
import { folderOf, nameOf, shown } from '../files/name.ts';
import { isNoFile, saveNew } from '../files/save.ts';
import { dataPath, errorNames, readErrorPlace } from '../import/error-file.ts';
import { peek, readFailedLines } from '../import/failed-lines.ts';
import { formatCount, note, print, printable } from '../output.ts';
import { isConfirmed } from '../prompt.ts';
import { commandAbout } from '../same-service.ts';

export const errors = command({
  name: 'errors',
  description: 'shows the failed lines of an execution, or saves them as a file to correct and import',
  args: {
    execution: { type: 'positional', required: true, description: 'id of the execution' },
    output: {
      type: 'string',
      alias: 'o',
      valueHint: 'FILE|DIR',
      description:
        'save the whole error file, in the format of the input, to this file or into this folder; - is standard output',
    },
    code: {
      type: 'string',
      valueHint: 'CODE,…',
      description: 'show only lines that failed with one of these codes',
    },
    force: { type: 'boolean', description: 'overwrite the file in --output without asking' },
    ...OWNER_ARGS,
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  examples: ['muster errors 17', 'muster errors 17 --code UNKNOWN_SEGMENT', 'muster errors 17 -o failed.csv'],
  notes: [
    'Correct the error file and import it with muster import --corrects. Keep its error_line, which tells Muster which lines are repaired.',
  ],
  run: async (args) => {
    writePrivately();
    const client = openClient(args);
    const located = await locateExecution(client, args);
    const { execution } = located;
    const uri = execution.result?.error_file_uri;
    if (uri === undefined || uri === null) {
      if (!hasEnded(execution))
        note(`execution ${execution.id} is ${execution.status}: its error file is available when it ends`);
      else if (args.json) print('[]');
      else print('no line failed');
      return 0;
    }
    const codes = readCodes(args.code);
    if (codes !== null && args.output !== undefined)
      throw new UsageError('--code cannot be combined with --output, which saves the whole error file');
    if (args.output !== undefined)
      await saveTo(args.output, { client, execution, uri, force: args.force === true });
    else if (args.json) await printAllJson(await download(client, uri), codes);
    else await printAll(await download(client, uri), codes);
    if (!args.json && execution.dry_run !== true) note(await resendHint(args.output, located, client));
    return 0;
  },
});

/** How the failed lines are sent again once they are corrected. */
async function resendHint(
  output: string | undefined,
  { path, execution }: Located,
  client: Client,
): Promise<string> {
  const isFile = output !== undefined && output !== '-' && (await readErrorPlace(output)).kind === 'FILE';
  const file = isFile ? printable(shellWord(output)) : 'FILE';
  const command = commandAbout(`import --corrects ${execution.id}`, file, {
    path,
    connection: client.connection,
  });
  const first = output === undefined ? 'Save them with -o FILE, correct them' : 'Correct them';
  return `${first}, and import them with: ${command}`;
}

/** A word as a shell takes it. */
function shellWord(text: string): string {
  return /^[\w./+@%:=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Of failed lines those with these codes; null: all. */
type Codes = ReadonlySet<string> | null;

function readCodes(given: string | undefined): Codes {
  if (given === undefined) return null;
  const codes = given.split(',').map((code) => code.trim().toUpperCase());
  const unknown = codes.find((code) => !REJECTION_CODES.some((known) => known === code));
  if (unknown === undefined) return new Set(codes);
  throw new UsageError(`--code: unknown code ${unknown}${didYouMean(unknown, REJECTION_CODES)}`);
}

async function download(client: Client, uri: string): Promise<Readable> {
  return Readable.fromWeb((await client.download(dataPath(uri))) as ReadableStream);
}

type Saving = {
  readonly client: Client;
  readonly execution: ApiExecution;
  readonly uri: string;
  readonly force: boolean;
};

async function saveTo(output: string, { client, execution, uri, force }: Saving): Promise<void> {
  const place = await readErrorPlace(output);
  if (place.kind === 'FOLDER') return saveIn(place.folder, await download(client, uri), execution);
  return save(client, uri, { file: output, force });
}

/** Saves under the name that an import gives, and over nothing. */
async function saveIn(folder: string, content: Readable, { id, result }: ApiExecution): Promise<void> {
  // the name came over the network: no path in it leads out of the folder
  const name = (result?.input_file_name ?? '').split(/[/\\\0]/).at(-1) ?? '';
  const fileName = Buffer.from(/^\.*$/.test(name) ? `execution-${id}` : name);
  const format = (await peek(content)).startsWith('{') ? 'ndjson' : 'csv';
  const nameAt = errorNames(fileName, format);
  const saved = await saveNew({ content, folder, nameAt, mayReplace: async () => false });
  print(`${printable(shown(saved))}: saved`);
}

async function save(
  client: Client,
  uri: string,
  { file, force }: { readonly file: string; readonly force: boolean },
): Promise<void> {
  if (file === '-') return pipeline(await download(client, uri), process.stdout);
  if (await isNoFile(file)) return pipeline(await download(client, uri), createWriteStream(file));
  const isThere = await exists(file);
  const isAgreed = force || (isThere && (await isConfirmed(`${file} already exists. Overwrite it?`)));
  const refusal = new CliError(`${file} already exists: choose another name, or overwrite it with --force`);
  if (isThere && !isAgreed) throw refusal;
  await saveNew({
    content: await download(client, uri),
    folder: folderOf(file),
    nameAt: () => nameOf(file),
    mayReplace: async () => {
      if (isAgreed) return true;
      // made by somebody else meanwhile
      throw refusal;
    },
  });
  print(`${file}: saved`);
}

/** As they come: there may be millions. */
async function printAll(content: Readable, codes: Codes): Promise<void> {
  print(`${'LINE'.padStart(10)}  ${'CODE'.padEnd(22)}  MESSAGE`);
  for await (const { line, code, message } of readFailedLines(content)) {
    if (codes !== null && !codes.has(code)) continue;
    print(
      `${(line === null ? '-' : formatCount(line)).padStart(10)}  ${code.padEnd(22)}  ${printable(message)}`,
    );
  }
}

async function printAllJson(content: Readable, codes: Codes): Promise<void> {
  let before = '[';
  for await (const line of readFailedLines(content)) {
    if (codes !== null && !codes.has(line.code)) continue;
    print(`${before}  ${JSON.stringify(line)}`.replace(/^\[ {2}/, '[\n  '));
    before = ',';
  }
  print(before === '[' ? '[]' : ']');
}
