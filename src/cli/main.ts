import { type CommandDef, runCommand } from 'citty';
import { BackupError } from '../backup/failures.ts';
import { ConfigError } from '../config.ts';
import { StoreInUseError, StoreUnusableError } from '../errors.ts';
import { version } from '../version.ts';
import { didYouMean } from './did-you-mean.ts';
import { ApiError, CliError, describe, UsageError } from './failures.ts';
import { renderHelp } from './help.ts';

type Loader = () => Promise<CommandDef>;

/** A word that runs a command, or a group of such words with the one that is meant when none follows. */
export type Group = {
  readonly description: string;
  readonly commands: Readonly<Record<string, Loader>>;
  readonly fallback: string;
};

const COMMANDS: Readonly<Record<string, Loader | (() => Promise<Group>)>> = {
  serve: async () => (await import('./commands/serve.ts')).serve,
  import: async () => (await import('./commands/import.ts')).importCommand,
  watch: async () => (await import('./commands/watch.ts')).watch,
  export: async () => (await import('./commands/export.ts')).exportCommand,
  segments: async () => (await import('./commands/segments.ts')).segments,
  lookup: async () => (await import('./commands/lookup.ts')).lookup,
  imports: async () => (await import('./commands/imports.ts')).imports,
  executions: async () => (await import('./commands/executions.ts')).executions,
  status: async () => (await import('./commands/status.ts')).status,
  errors: async () => (await import('./commands/errors.ts')).errors,
  cancel: async () => (await import('./commands/cancel.ts')).cancel,
  revert: async () => (await import('./commands/revert.ts')).revert,
  tokens: async () => (await import('./commands/tokens.ts')).tokens,
  webhooks: async () => (await import('./commands/webhooks.ts')).webhooks,
  erase: async () => (await import('./commands/erase.ts')).erase,
  audit: async () => (await import('./commands/audit.ts')).audit,
  backup: async () => (await import('./commands/backup.ts')).backup,
  restore: async () => (await import('./commands/restore.ts')).restore,
  check: async () => (await import('./commands/check.ts')).check,
  migrate: async () => (await import('./commands/migrate.ts')).migrate,
  'import-store': async () => (await import('./commands/import-store.ts')).importStoreCommand,
  'export-store': async () => (await import('./commands/export-store.ts')).exportStoreCommand,
  demo: async () => (await import('./commands/demo.ts')).demo,
};

/** Runs one command line and leaves its exit code in the process. The one place where errors become text. */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader such as `head` that has seen enough is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  // citty colours its messages by these variables alone, terminal or not.
  if (!process.stderr.isTTY) process.env.NO_COLOR = '1';
  try {
    await dispatch(argv);
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`${errorText(error, argv)}\n`);
  }
}

async function dispatch(argv: readonly string[]): Promise<void> {
  const [word, ...rest] = argv;
  // `muster help import` is `muster import --help`
  if (word === 'help' && rest[0] !== undefined && !rest[0].startsWith('-'))
    return dispatch([...rest, '--help']);
  if (word === undefined || word === '--help' || word === '-h' || word === 'help') return showOverview(word);
  if (word === '--version' || word === '-v' || word === 'version') return print(version());
  const load = COMMANDS[word];
  if (load === undefined || !Object.hasOwn(COMMANDS, word))
    throw new UsageError(
      `there is no command ${JSON.stringify(word)}${didYouMean(word, Object.keys(COMMANDS))}`,
    );
  const loaded = await load();
  if (!('commands' in loaded)) return runOrHelp([word], loaded, rest);

  const [second] = rest;
  if (second === '--help' || second === '-h') return showGroup(word, loaded);
  const named = second !== undefined && !second.startsWith('-');
  const name = named ? second : loaded.fallback;
  const subcommand = Object.hasOwn(loaded.commands, name) ? loaded.commands[name] : undefined;
  if (subcommand === undefined)
    throw new UsageError(
      `there is no command "${word} ${name}"${didYouMean(name, Object.keys(loaded.commands))}`,
    );
  return runOrHelp([word, name], await subcommand(), named ? rest.slice(1) : rest);
}

async function runOrHelp(words: readonly string[], def: CommandDef, argv: readonly string[]): Promise<void> {
  const end = argv.indexOf('--');
  const flags = end === -1 ? argv : argv.slice(0, end);
  if (flags.includes('--help') || flags.includes('-h')) return print(await renderHelp(words, def));
  await runCommand(def, { rawArgs: [...argv] });
}

async function showOverview(word: string | undefined): Promise<void> {
  const lines = [`muster ${version()}: user segment imports`, '', 'Usage: muster COMMAND [flags]', ''];
  for (const [name, load] of Object.entries(COMMANDS)) {
    lines.push(`  ${name.padEnd(12)} ${await descriptionOf(await load())}`);
  }
  lines.push('', 'muster help COMMAND lists the flags of a command, muster version tells the version.');
  if (word === undefined) process.exitCode = 1;
  print(lines.join('\n'));
}

async function showGroup(word: string, group: Group): Promise<void> {
  const lines = [group.description, '', `Usage: muster ${word} COMMAND [flags]`, ''];
  for (const [name, load] of Object.entries(group.commands)) {
    const note = name === group.fallback ? ' (when none is named)' : '';
    lines.push(`  ${name.padEnd(10)} ${await descriptionOf(await load())}${note}`);
  }
  lines.push('', `muster ${word} COMMAND --help lists the flags of a command.`);
  print(lines.join('\n'));
}

async function descriptionOf(loaded: CommandDef | Group): Promise<string> {
  if ('commands' in loaded) return loaded.description;
  const meta = await (typeof loaded.meta === 'function' ? loaded.meta() : loaded.meta);
  return meta?.description ?? '';
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
  const help =
    word !== undefined && Object.hasOwn(COMMANDS, word) ? `muster ${word} --help` : 'muster --help';
  const hint = ofCitty || error instanceof UsageError ? `\n${help} lists what there is.` : '';
  return `error: ${describe(error)}${hint}`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
