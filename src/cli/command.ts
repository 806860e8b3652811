import type { ArgsDef, CommandDef, ParsedArgs } from 'citty';
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
  /** How many positional arguments are taken: those that `args` names, or any number. */
  readonly positionals?: 'named' | 'any';
  readonly run: (args: ParsedArgs<T>) => Promise<ExitCode>;
};

/** What citty's definition does not hold, kept beside it for the help text. */
const FOOTERS = new WeakMap<object, { examples: readonly string[]; notes: readonly string[] }>();

/** A citty command that refuses what citty would let pass: unknown flags, flags without value, extra arguments. */
export function command<const T extends ArgsDef>(definition: Definition<T>): CommandDef {
  const { name, description, args, run } = definition;
  const def: CommandDef = {
    meta: { name, description },
    args,
    run: async (context) => {
      checkFlags(context.args, args);
      if (definition.positionals !== 'any') checkPositionals(context.args._, args);
      // citty parsed them by `args`, so they are what its type says of T.
      process.exitCode = await run(context.args as ParsedArgs<T>);
    },
  };
  FOOTERS.set(def, { examples: definition.examples ?? [], notes: definition.notes ?? [] });
  return def;
}

export function footerOf(def: object): { examples: readonly string[]; notes: readonly string[] } {
  return FOOTERS.get(def) ?? { examples: [], notes: [] };
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
      throw new UsageError(`there is no flag ${key.length === 1 ? '-' : '--'}${key}${hint}`);
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
