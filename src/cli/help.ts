import type { ArgDef } from 'citty';
import { type Catalogued, loadCatalogue, type Section } from './registry.ts';

/** The help text of a command: what it does, how it is called, each argument and flag, examples. */
export function renderHelp(command: Catalogued): string {
  const { description, examples = [], notes = [] } = command;
  const lines = [
    `${sentence(description)}.`,
    '',
    `Usage: ${usageOf(command)}`,
    '',
    ...columns(rowsOf(command)),
  ];
  if (examples.length > 0) lines.push('', 'Examples:', ...examples.map((example) => `  ${example}`));
  if (notes.length > 0) lines.push('', ...notes);
  return lines.join('\n');
}

/** The help text of the program: its commands. */
export async function renderOverview(version: string): Promise<string> {
  const sections = await loadCatalogue();
  return [
    `muster ${version}: user segment imports`,
    '',
    'Usage: muster COMMAND [flags]',
    '',
    ...columns(sections.map(({ word, description }) => [word, description])),
    '',
    'Run "muster help COMMAND" for the flags of a command, "muster version" for the version.',
  ].join('\n');
}

/** The help text of a group: its commands. */
export function renderSection({ word, description, fallback, commands }: Section): string {
  const rows = commands.map(({ words, description: text }): [string, string] => {
    const name = words.at(-1) ?? '';
    return [name, name === fallback ? `${text} (when none is named)` : text];
  });
  return [
    `${sentence(description)}.`,
    '',
    `Usage: muster ${word} COMMAND [flags]`,
    '',
    ...columns(rows),
    '',
    `Run "muster help ${word} COMMAND" for the flags of a command.`,
  ].join('\n');
}

/** What every command takes. */
export const GLOBAL_ROWS = [
  [
    '--color WHEN',
    'auto, always or never; auto follows NO_COLOR and FORCE_COLOR, else uses color in a terminal',
  ],
  ['--help', 'show this help'],
] as const;

/** How a command is called, in one line. */
export function usageOf({ words, args }: Catalogued): string {
  const positionals = Object.entries(args).filter(([, arg]) => arg.type === 'positional');
  return ['muster', ...words, ...positionals.map(positionalUsage), '[flags]'].join(' ');
}

/** Each argument and flag of a command, with what it means. */
export function rowsOf({ args }: Catalogued): readonly (readonly [label: string, text: string])[] {
  const entries = Object.entries(args);
  const positionals = entries.filter(([, arg]) => arg.type === 'positional');
  const flags = entries.filter(([, arg]) => arg.type !== 'positional');
  return [...positionals.map(positionalRow), ...flags.map(flagRow), ...GLOBAL_ROWS];
}

/** A description as the start of a sentence. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function positionalUsage([name, arg]: readonly [string, ArgDef]): string {
  const label = arg.valueHint ?? name.toUpperCase();
  return arg.required === false ? `[${label}]` : label;
}

function positionalRow([name, arg]: readonly [string, ArgDef]): readonly [string, string] {
  return [arg.valueHint ?? name.toUpperCase(), arg.description ?? ''];
}

function flagRow([name, arg]: readonly [string, ArgDef]): readonly [string, string] {
  if (arg.type === 'boolean') return [arg.default === true ? `--no-${name}` : `--${name}`, booleanText(arg)];
  const fallback = arg.default === undefined ? '' : ` [${arg.default}]`;
  const short = 'alias' in arg && arg.alias !== undefined ? `-${[arg.alias].flat().join(', -')}, ` : '';
  return [`${short}--${name} ${arg.valueHint ?? 'TEXT'}`, `${arg.description ?? ''}${fallback}`];
}

function booleanText(arg: ArgDef): string {
  const negative = 'negativeDescription' in arg ? arg.negativeDescription : undefined;
  return (arg.default === true ? negative : undefined) ?? arg.description ?? '';
}

const TERMINAL_COLUMNS = 110;
const LABEL_COLUMNS = 30;

/** Two columns; a text that does not fit is continued below itself. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.min(LABEL_COLUMNS, Math.max(...rows.map(([label]) => label.length)));
  return rows.flatMap(([label, text]) => {
    const [first = '', ...more] = wrap(text, TERMINAL_COLUMNS - width - 4);
    const indent = ' '.repeat(width + 4);
    const head =
      label.length > width ? [`  ${label}`, indent + first] : [`  ${label.padEnd(width)}  ${first}`];
    return [...head, ...more.map((line) => indent + line)];
  });
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const part of text.split('\n')) {
    let line = '';
    for (const word of part.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}
