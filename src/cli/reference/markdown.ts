import { GLOBAL_ROWS, rowsOf, sentence, usageOf } from '../help.ts';
import { COMMON_FLAGS, ENVIRONMENT, loadCommands, PRECEDENCE } from './parts.ts';

/** docs/cli.md: every command with its flags, as its definition has them. */
export async function renderMarkdown(): Promise<string> {
  const commands = await loadCommands();
  const parts = [
    '# Command line',
    'Generated from the definitions of the commands by `npm run reference`; a test checks that it is current. `muster help COMMAND` prints the same.',
    commands.map(({ words }) => `[${words.join(' ')}](#muster-${words.join('-')})`).join(' · '),
    '## Which service',
    'Every command that talks to a service takes these flags:',
    tableOf(
      rowsOf({ name: '', description: '', words: [], args: COMMON_FLAGS }).slice(0, -GLOBAL_ROWS.length),
    ),
    PRECEDENCE,
    'Every command takes these:',
    tableOf(GLOBAL_ROWS),
    'And these variables:',
    tableOf(ENVIRONMENT),
    ...commands.flatMap((command) => {
      const { words, description, examples = [], notes = [], takesCommon } = command;
      const rows = rowsOf(command).slice(0, -GLOBAL_ROWS.length);
      return [
        `## muster ${words.join(' ')}`,
        `${sentence(description)}.`,
        block([usageOf(command)]),
        ...(rows.length === 0 ? [] : [tableOf(rows)]),
        ...(takesCommon
          ? ['It also takes the flags of [every command that talks to a service](#which-service).']
          : []),
        ...(examples.length === 0 ? [] : [block(examples)]),
        ...notes.map(escaped),
      ];
    }),
  ];
  return `${parts.join('\n\n')}\n`;
}

function tableOf(rows: readonly (readonly [string, string])[]): string {
  const lines = rows.map(([label, text]) => `| \`${label.replaceAll('|', '\\|')}\` | ${escaped(text)} |`);
  return ['| | |', '|---|---|', ...lines].join('\n');
}

function block(lines: readonly string[]): string {
  return ['```sh', ...lines, '```'].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll(/[\\|<>*_]/g, (character) => `\\${character}`).replaceAll('\n', '<br>');
}
