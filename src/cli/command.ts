import type { ArgsDef, CommandDef, ParsedArgs } from 'citty';
import { DATAMART_ARG, defaultDatamart } from './connection.ts';
import { didYouMean } from './did-you-mean.ts';
import { UsageError } from './failures.ts';

/** Ended as asked, or some lines failed, or it did not work. */
export type ExitCode = 0 | 1 | 2;

type Definition<T extends ArgsDef> = {
  readonly name: string;
  readonly description: string;
  readonly args: T;
  /** Copyable lines for the help text. */
  readonly examples?: readonly string[];
  /** What else the help text says at its end. */
  readonly notes?: readonly string[];
  /**
   * The values that flags take beyond those that a `valueHint` lists; several are joined by commas.
   */
  readonly choices?: Readonly<Record<string, readonly string[]>>;
  /** How many positional arguments are taken: those that `args` names, or any number. */
  readonly positionals?: 'named' | 'any';
  readonly run: (args: ParsedArgs<T>) => Promise<ExitCode>;
};

/** What help texts, completion, the man page and the reference are made of. */
export type Described = Omit<Definition<ArgsDef>, 'run'>;

/** Loads the module of a command. */
export type Loader = () => Promise<CommandDef>;

/** A word before the words of commands, with the one that is meant when none follows. */
export type Group = {
  readonly description: string;
  readonly commands: Readonly<Record<string, Loader>>;
  readonly fallback: string;
};

const DESCRIBED = new WeakMap<CommandDef, Described>();

/**
 * A citty command that refuses what citty would let pass: unknown flags, flags without value, extra
 * arguments.
 */
export function command<const T extends ArgsDef>(definition: Definition<T>): CommandDef {
  const { name, description, args, run } = definition;
  const def: CommandDef = {
    meta: { name, description },
    args: withoutDatamart(args),
    run: async (context) => {
      checkFlags(context.args, args);
      if (definition.positionals !== 'any') checkPositionals(context.args._, args);
      if (args.datamart === DATAMART_ARG.datamart) settleDatamart(context.args);
      // citty parsed them by `args`, so they are what its type says of T.
      process.exitCode = await run(context.args as ParsedArgs<T>);
    },
  };
  DESCRIBED.set(def, definition);
  return def;
}

/** Says of a command what its definition says. */
export function describedBy(def: CommandDef): Described {
  const described = DESCRIBED.get(def);
  if (described === undefined) throw new Error('a command that command() has not made');
  return described;
}

/** So that a datamart that was not given can be told from one that was. */
function withoutDatamart(args: ArgsDef): ArgsDef {
  if (args.datamart !== DATAMART_ARG.datamart) return args;
  const { default: _, ...datamart } = DATAMART_ARG.datamart;
  return { ...args, datamart };
}

function settleDatamart(given: Record<string, unknown>): void {
  const { profile } = given;
  given.datamart ??= defaultDatamart(typeof profile === 'string' ? { profile } : {});
}

function checkFlags(given: Readonly<Record<string, unknown>>, args: ArgsDef): void {
  const known = new Map<string, string>();
  for (const [name, def] of Object.entries(args)) {
    if (def.type === 'positional') continue;
    known.set(name, name);
    for (const alias of 'alias' in def ? [def.alias ?? []].flat() : []) known.set(alias, name);
    known.set(
      name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      name,
    );
  }
  const positionals = new Set(Object.keys(args).filter((name) => args[name]?.type === 'positional'));
  for (const [key, value] of Object.entries(given)) {
    if (key === '_' || positionals.has(key)) continue;
    const name = known.get(key);
    if (name === undefined) {
      const flags = [...new Set(known.values())].map((flag) => `--${flag}`);
      const hint = key.length === 1 ? '' : didYouMean(`--${key}`, flags);
      throw new UsageError(`unknown flag ${key.length === 1 ? '-' : '--'}${key}${hint}`);
    }
    if (args[name]?.type === 'string' && (value === '' || value === false))
      throw new UsageError(`--${name} needs a value`);
  }
}

function checkPositionals(given: readonly string[], args: ArgsDef): void {
  const named = Object.values(args).filter((def) => def.type === 'positional').length;
  const extra = given[named];
  if (extra !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(extra)}`);
}
