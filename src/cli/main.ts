import { stripVTControlCharacters } from 'node:util';
import { type CommandDef, runCommand } from 'citty';
import { BackupError } from '../backup/failures.ts';
import { ConfigError } from '../config.ts';
import { StoreInUseError, StoreUnusableError } from '../errors.ts';
import { version } from '../version.ts';
import { describedBy } from './command.ts';
import { didYouMean } from './did-you-mean.ts';
import { ApiError, CliError, describe, UsageError } from './failures.ts';
import { renderHelp, renderOverview, renderSection } from './help.ts';
import { printable } from './output.ts';
import { COMMANDS, loadSection } from './registry.ts';
import { setColor, takeColor, tone } from './style.ts';

/**
 * Runs one command line and leaves its exit code in the process. The one place where errors become
 * text.
 */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader such as `head` that has seen enough is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  // what is typed to be completed is no command line yet
  const { rest, color } = argv[0] === '__complete' ? { rest: argv, color: null } : takeColor(argv);
  try {
    if (color === 'always' || color === 'never' || color === 'auto') setColor(color);
    else if (color !== null)
      throw new UsageError(`--color: expected auto, always or never, got ${JSON.stringify(color)}`);
    await dispatch(rest);
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`${errorText(error, rest)}\n`);
  }
}

async function dispatch(argv: readonly string[]): Promise<void> {
  const [word, ...rest] = argv;
  // `muster help import` is `muster import --help`
  if (word === 'help' && rest[0] !== undefined && !rest[0].startsWith('-'))
    return dispatch([...rest, '--help']);
  if (word === '__complete') return printCandidates(rest);
  if (word === '__reference') return printReference(rest);
  if (word === undefined || word === '--help' || word === '-h' || word === 'help') return showOverview(word);
  if (word === '--version' || word === '-v' || word === 'version') return print(version());
  const load = COMMANDS[word];
  if (load === undefined || !Object.hasOwn(COMMANDS, word))
    throw new UsageError(`unknown command ${JSON.stringify(word)}${didYouMean(word, Object.keys(COMMANDS))}`);
  const loaded = await load();
  if (!('commands' in loaded)) return runOrHelp([word], loaded, rest);

  const [second] = rest;
  if (second === '--help' || second === '-h') return print(renderSection(await loadSection(word)));
  const named = second !== undefined && !second.startsWith('-');
  const name = named ? second : loaded.fallback;
  const subcommand = Object.hasOwn(loaded.commands, name) ? loaded.commands[name] : undefined;
  if (subcommand === undefined)
    throw new UsageError(
      `unknown command "${word} ${name}"${didYouMean(name, Object.keys(loaded.commands))}`,
    );
  return runOrHelp([word, name], await subcommand(), named ? rest.slice(1) : rest);
}

async function runOrHelp(words: readonly string[], def: CommandDef, argv: readonly string[]): Promise<void> {
  const end = argv.indexOf('--');
  const flags = end === -1 ? argv : argv.slice(0, end);
  if (flags.includes('--help') || flags.includes('-h'))
    return print(renderHelp({ ...describedBy(def), words }));
  await runCommand(def, { rawArgs: [...argv] });
}

/** What shells ask (completion/scripts.ts). Nothing is waited for once it is told. */
async function printCandidates(words: readonly string[]): Promise<void> {
  const { candidatesFor } = await import('./completion/complete.ts');
  const candidates = await candidatesFor(words);
  const lines = candidates?.map(([name, meaning]) => `${printable(name)}\t${printable(meaning)}`);
  process.stdout.write(`${lines === undefined ? ':files' : lines.join('\n')}\n`, () => process.exit());
}

/** What the build makes of the definitions: `man` or `markdown`. */
async function printReference([form]: readonly string[]): Promise<void> {
  if (form === 'man') process.stdout.write(await (await import('./reference/man.ts')).renderMan(version()));
  else process.stdout.write(await (await import('./reference/markdown.ts')).renderMarkdown());
}

async function showOverview(word: string | undefined): Promise<void> {
  if (word === undefined) process.exitCode = 1;
  print(await renderOverview(version()));
}

/** Errors whose message is all that the user needs. */
const OWN_ERRORS = [
  UsageError,
  CliError,
  ApiError,
  ConfigError,
  BackupError,
  StoreInUseError,
  StoreUnusableError,
];

function errorText(error: unknown, argv: readonly string[]): string {
  const ours = OWN_ERRORS.some((type) => error instanceof type);
  const ofCitty = error instanceof Error && error.name === 'CLIError';
  if (!ours && !ofCitty) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  const [word] = argv;
  const isCommand = word !== undefined && Object.hasOwn(COMMANDS, word);
  const help = isCommand
    ? `"muster ${word} --help" for its flags`
    : '"muster --help" for the list of commands';
  const hint = ofCitty || error instanceof UsageError ? `\nRun ${help}.` : '';
  return `${tone('error:', 'bad', process.stderr)} ${plain(describe(error))}${hint}`;
}

/** citty colours what it says, whether there is a terminal or not. */
function plain(text: string): string {
  return stripVTControlCharacters(text);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
