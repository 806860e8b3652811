import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLI, NO_PROFILES } from './run.ts';

const QUESTION_MS = 60_000;

/**
 * Runs `muster` at a pseudo-terminal, which `script` of Debian's bsdutils makes, and types each
 * answer when its question is there. What is seen there is standard output and error together, and
 * what was typed.
 */
export async function atTerminal(
  args: readonly string[],
  answers: readonly (readonly [question: RegExp, answer: string])[],
  { cwd, env }: { cwd: string; env: Readonly<Record<string, string>> },
): Promise<{ code: number | null; screen: string }> {
  const quoted = [process.execPath, CLI, ...args].map((arg) => `'${arg.replaceAll("'", "'\\''")}'`);
  const child: ChildProcess = spawn(
    'script',
    ['-qec', `stty cols 100; exec ${quoted.join(' ')}`, '/dev/null'],
    {
      cwd,
      env: { ...process.env, XDG_CONFIG_HOME: NO_PROFILES, NO_COLOR: '1', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  let screen = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
  });
  const closed = once(child, 'close') as Promise<[number | null]>;
  for (const [question, answer] of answers) {
    const deadline = Date.now() + QUESTION_MS;
    while (!question.test(screen)) {
      assert.equal(child.exitCode, null, `it ended before it asked ${question}:\n${screen}`);
      if (Date.now() > deadline) {
        child.kill();
        assert.fail(`it did not ask ${question}:\n${screen}`);
      }
      await sleep(20);
    }
    child.stdin?.write(answer);
  }
  const [code] = await closed;
  return { code, screen };
}
