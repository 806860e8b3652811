import type { ArgDef, ArgsDef, CommandDef } from 'citty';
import { footerOf } from './command.ts';

/** The help text of a command: what it does, how it is called, each argument and flag, examples. */
export async function renderHelp(words: readonly string[], def: CommandDef): Promise<string> {
  const meta = await (typeof def.meta === 'function' ? def.meta() : def.meta);
  const args: ArgsDef = (await (typeof def.args === 'function' ? def.args() : def.args)) ?? {};
  const entries = Object.entries(args);
  const positionals = entries.filter(([, arg]) => arg.type === 'positional');
  const flags = entries.filter(([, arg]) => arg.type !== 'positional');
  const usage = ['muster', ...words, ...positionals.map(positionalUsage), '[flags]'].join(' ');
  const lines = [meta?.description ?? '', '', `Usage: ${usage}`, ''];
  lines.push(...columns([...positionals.map(positionalRow), ...flags.map(flagRow), ['--help', 'this text']]));
  const { examples, notes } = footerOf(def);
  if (examples.length > 0) lines.push('', 'Examples:', ...examples.map((example) => `  ${example}`));
  if (notes.length > 0) lines.push('', ...notes);
  return lines.join('\n');
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
