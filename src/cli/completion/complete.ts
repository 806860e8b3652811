import type { ArgDef } from 'citty';
import { type Catalogued, COMMANDS, loadSection } from '../registry.ts';
import { namesFor } from './names.ts';

/** What a word can be, with what that means; null: the name of a file. */
export type Candidates = readonly (readonly [word: string, meaning: string])[] | null;

/**
 * The words of a command line after `muster`, the last of which is being typed; `''` when it is not
 * begun.
 */
export async function candidatesFor(typed: readonly string[]): Promise<Candidates> {
  const words = withoutEquals(typed);
  const word = words.at(-1) ?? '';
  const candidates = await candidatesAfter(words.slice(0, -1), word);
  return candidates?.filter(([candidate]) => candidate.startsWith(word)) ?? null;
}

async function candidatesAfter(before: readonly string[], word: string): Promise<Candidates> {
  const [first, ...rest] = before;
  if (first === undefined) return firstWords();
  if (first === 'help') return rest.length > 1 ? [] : candidatesOfHelp(rest[0]);
  if (!Object.hasOwn(COMMANDS, first)) return [];
  const { commands, fallback } = await loadSection(first);
  if (fallback === null) return candidatesIn(commands[0], rest, word);
  const [second, ...others] = rest;
  const named = commands.find(({ words }) => words[1] === second);
  if (named !== undefined) return candidatesIn(named, others, word);
  if (second === undefined && !word.startsWith('-')) return subcommands(commands);
  return candidatesIn(
    commands.find(({ words }) => words[1] === fallback),
    rest,
    word,
  );
}

async function firstWords(): Promise<Candidates> {
  const sections = await Promise.all(Object.keys(COMMANDS).map(loadSection));
  return [
    ...sections.map(({ word, description }) => [word, description] as const),
    ['help', 'shows the flags of a command'],
    ['version', 'shows the version'],
  ];
}

async function candidatesOfHelp(word: string | undefined): Promise<Candidates> {
  if (word === undefined) return firstWords();
  if (!Object.hasOwn(COMMANDS, word)) return [];
  const { commands, fallback } = await loadSection(word);
  return fallback === null ? [] : subcommands(commands);
}

function subcommands(commands: readonly Catalogued[]): Candidates {
  return commands.map(({ words, description }) => [words[1] ?? '', description] as const);
}

/** What can follow in the words of one command. */
async function candidatesIn(
  command: Catalogued | undefined,
  before: readonly string[],
  word: string,
): Promise<Candidates> {
  if (command === undefined) return [];
  const { args } = command;
  const flags = new Map<string, readonly [string, ArgDef]>();
  for (const [name, arg] of Object.entries(args)) {
    if (arg.type === 'positional') continue;
    flags.set(arg.type === 'boolean' && arg.default === true ? `--no-${name}` : `--${name}`, [name, arg]);
    for (const alias of 'alias' in arg ? [arg.alias ?? []].flat() : []) flags.set(`-${alias}`, [name, arg]);
  }
  const [flagName, flag] = flags.get(before.at(-1) ?? '') ?? [];
  if (flagName !== undefined && flag?.type === 'string') return valuesOf(flagName, flag, before);
  if (word.startsWith('-')) {
    const left = [...flags].filter(([name]) => name.startsWith('--') && !before.includes(name));
    return [
      ...left.map(([name, [, arg]]) => [name, arg.description ?? ''] as const),
      ['--help', 'show help'],
    ];
  }
  const positionals = Object.entries(args).filter(([, arg]) => arg.type === 'positional');
  const given = before.filter(
    (each, at) => !each.startsWith('-') && flags.get(before[at - 1] ?? '')?.[1].type !== 'string',
  ).length;
  const position = command.positionals === 'any' ? positionals.at(-1) : positionals[given];
  return position === undefined ? [] : valuesOf(...position, before);
}

/** The values of a flag or an argument, as far as its definition or the service tells them. */
async function valuesOf(name: string, arg: ArgDef, before: readonly string[]): Promise<Candidates> {
  const hint = arg.valueHint ?? '';
  if (/^[a-z]+(\|[a-z]+)+$/.test(hint)) return hint.split('|').map((value) => [value, ''] as const);
  if (/FILE|DIR|BACKUP|DATA/.test(hint)) return null;
  return namesFor(hint === 'PROFILE' ? 'profile' : name, before);
}

/** Bash takes `--flag=value` for three words. */
function withoutEquals(words: readonly string[]): string[] {
  return words.flatMap((word, at) => {
    const isLast = at === words.length - 1;
    if (word === '=') return isLast ? [''] : [];
    const [, flag = '', value = ''] = /^(--[\w-]+)=(.*)$/s.exec(word) ?? [];
    return flag !== '' && isLast ? [flag, value] : [word];
  });
}
