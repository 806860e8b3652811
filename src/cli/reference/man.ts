import { GLOBAL_ROWS, rowsOf, sentence, usageOf } from '../help.ts';
import { COMMON_FLAGS, ENVIRONMENT, loadCommands, PRECEDENCE } from './parts.ts';

/** The man page muster(1), in the macros of man(7). */
export async function renderMan(version: string): Promise<string> {
  const commands = await loadCommands();
  const common = rowsOf({ name: '', description: '', words: [], args: COMMON_FLAGS });
  return [
    `.TH MUSTER 1 "" "muster ${version}" "User Commands"`,
    ...section('NAME', ['muster \\- user segment imports']),
    ...section('SYNOPSIS', ['.B muster', '.I COMMAND', '[flags]']),
    ...section('DESCRIPTION', [
      'Runs the Muster service, and imports files of user segment commands into it.',
      '.PP',
      ...textLines('Exit codes: 0 success, 2 done but some lines or checks failed, 1 not done.'),
    ]),
    ...section('COMMANDS', []),
    ...commands.flatMap((command) => [
      `.SS "${escaped(usageOf(command))}"`,
      ...textLines(`${sentence(command.description)}.`),
      ...tagged(rowsOf(command).slice(0, -GLOBAL_ROWS.length)),
      ...(command.notes ?? []).flatMap((text) => ['.PP', ...textLines(text)]),
      ...examples(command.examples ?? []),
    ]),
    ...section('FLAGS OF EVERY COMMAND THAT TALKS TO A SERVICE', tagged(common)),
    '.PP',
    ...textLines(PRECEDENCE),
    ...section('ENVIRONMENT', tagged(ENVIRONMENT)),
    ...section(
      'FILES',
      tagged([['~/.config/muster/profiles.json', 'the profiles that muster login stores']]),
    ),
    '',
  ].join('\n');
}

function section(title: string, lines: readonly string[]): string[] {
  return [`.SH ${title}`, ...lines];
}

function tagged(rows: readonly (readonly [string, string])[]): string[] {
  return rows.flatMap(([label, text]) => ['.TP', `.B ${escaped(label)}`, ...textLines(text)]);
}

function examples(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['.PP', '.nf', '.RS 4', ...lines.map(guarded), '.RE', '.fi'];
}

function textLines(text: string): string[] {
  return text.split('\n').flatMap((line, at) => (at === 0 ? [guarded(line)] : ['.br', guarded(line)]));
}

/** A line that begins with a dot or a quote would be a request. */
function guarded(line: string): string {
  return /^[.']/.test(line) ? `\\&${escaped(line)}` : escaped(line);
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll("'", '\\(aq')
    .replaceAll(/[^\0-\x7e]/gu, (character) => `\\[u${codeOf(character)}]`);
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
