import { type Described, describedBy, type Group, type Loader } from './command.ts';

/**
 * Every command by its first word, in the order of the help text. A module is loaded when its
 * command is needed.
 */
export const COMMANDS: Readonly<Record<string, Loader | (() => Promise<Group>)>> = {
  serve: async () => (await import('./commands/serve.ts')).serve,
  login: async () => (await import('./commands/login.ts')).login,
  logout: async () => (await import('./commands/logout.ts')).logout,
  profiles: async () => (await import('./commands/profiles.ts')).profiles,
  import: async () => (await import('./commands/import.ts')).importCommand,
  apply: async () => (await import('./commands/apply.ts')).apply,
  watch: async () => (await import('./commands/watch.ts')).watch,
  export: async () => (await import('./commands/export.ts')).exportCommand,
  segments: async () => (await import('./commands/segments.ts')).segments,
  lookup: async () => (await import('./commands/lookup.ts')).lookup,
  imports: async () => (await import('./commands/imports.ts')).imports,
  executions: async () => (await import('./commands/executions.ts')).executions,
  status: async () => (await import('./commands/status.ts')).status,
  logs: async () => (await import('./commands/logs.ts')).logs,
  errors: async () => (await import('./commands/errors.ts')).errors,
  cancel: async () => (await import('./commands/cancel.ts')).cancel,
  revert: async () => (await import('./commands/revert.ts')).revert,
  open: async () => (await import('./commands/open.ts')).open,
  tokens: async () => (await import('./commands/tokens.ts')).tokens,
  sources: async () => (await import('./commands/sources.ts')).sources,
  webhooks: async () => (await import('./commands/webhooks.ts')).webhooks,
  link: async () => (await import('./commands/link.ts')).link,
  erase: async () => (await import('./commands/erase.ts')).erase,
  audit: async () => (await import('./commands/audit.ts')).audit,
  backup: async () => (await import('./commands/backup.ts')).backup,
  restore: async () => (await import('./commands/restore.ts')).restore,
  check: async () => (await import('./commands/check.ts')).check,
  migrate: async () => (await import('./commands/migrate.ts')).migrate,
  'import-store': async () => (await import('./commands/import-store.ts')).importStoreCommand,
  'export-store': async () => (await import('./commands/export-store.ts')).exportStoreCommand,
  completion: async () => (await import('./commands/completion.ts')).completion,
  demo: async () => (await import('./commands/demo.ts')).demo,
};

/** A command, with the words that call it. */
export type Catalogued = Described & { readonly words: readonly string[] };

/** A first word with what is below it: one command, or those of a group. */
export type Section = {
  readonly word: string;
  readonly description: string;
  /** The command of a group that is meant when none is named. */
  readonly fallback: string | null;
  readonly commands: readonly Catalogued[];
};

/** Everything that the program can be asked to do. Loads all commands. */
export async function loadCatalogue(): Promise<readonly Section[]> {
  return Promise.all(Object.keys(COMMANDS).map(loadSection));
}

/** What a first word can be followed by. */
export async function loadSection(word: string): Promise<Section> {
  const loaded = await COMMANDS[word]?.();
  if (loaded === undefined) throw new Error(`unknown command ${word}`);
  if (!('commands' in loaded)) {
    const described = describedBy(loaded);
    const { description } = described;
    return { word, description, fallback: null, commands: [{ ...described, words: [word] }] };
  }
  const { description, fallback, commands } = loaded;
  const loadOne = async ([name, load]: [string, Loader]) => ({
    ...describedBy(await load()),
    words: [word, name],
  });
  return { word, description, fallback, commands: await Promise.all(Object.entries(commands).map(loadOne)) };
}
