import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CliError } from './failures.ts';

/**
 * Whether somebody sits there who can be asked: questions go to standard error, answers come from
 * standard input.
 */
export function isInteractive(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** The answer to a question; `fallback` for an empty one. */
export async function prompt(question: string, fallback: string): Promise<string> {
  const shown = fallback === '' ? '' : ` [${fallback}]`;
  return (await ask(`${question}${shown}: `)) || fallback;
}

/** Whether somebody agrees; without a terminal nobody has. */
export async function isConfirmed(question: string): Promise<boolean> {
  if (!isInteractive()) return false;
  return /^y(es)?$/i.test(await ask(`${question} [y/N] `));
}

/** The answer to a question, which is not shown while it is typed. */
export async function promptHidden(question: string): Promise<string> {
  process.stderr.write(`${question}: `);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    return await ask('', nowhere);
  } finally {
    process.stderr.write('\n');
  }
}

/** Throws CliError where whoever was asked has left, by Ctrl-C or Ctrl-D. */
async function ask(question: string, output: Writable = process.stderr): Promise<string> {
  const asking = createInterface({ input: process.stdin, output, terminal: true });
  try {
    return (await asking.question(question)).trim();
  } catch (cause) {
    if ((cause as Error).name === 'AbortError') throw new CliError('canceled', { cause });
    throw cause;
  } finally {
    asking.close();
  }
}

/** The first line of standard input. */
export async function firstLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) {
    lines.close();
    return line.trim();
  }
  return '';
}
