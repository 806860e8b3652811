import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServiceProcess, startProcess } from '../process.ts';

/** The program as it is built. */
export const CLI = path.resolve(import.meta.dirname, '../../dist/cli.js');

type Surroundings = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What standard input holds; without it there is none. */
  readonly input?: string;
};

/** No folder: whoever runs the tests may have signed in somewhere. */
export const NO_PROFILES = '/dev/null/muster-tests';

export type Run = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** A `muster` that runs: its output so far, and its end. */
export type Started = { readonly child: ChildProcess; readonly output: Run; readonly ended: Promise<Run> };

/** Starts `dist/cli.js` without a terminal, and without the settings of whoever runs the tests. */
export function start(args: readonly string[], { cwd, env = {}, input }: Surroundings = {}): Started {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(MUSTER_|NO_COLOR|FORCE_COLOR)/.test(name),
  );
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd,
    env: { ...Object.fromEntries(inherited), XDG_CONFIG_HOME: NO_PROFILES, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(input);
  const output = { code: null as number | null, stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const ended = once(child, 'close').then(([code]: (number | null)[]) => {
    output.code = code ?? null;
    return output;
  });
  return { child, output, ended };
}

/** Runs `dist/cli.js` to its end. */
export function muster(args: readonly string[], surroundings?: Surroundings): Promise<Run> {
  return start(args, surroundings).ended;
}

/** A service of the test's own, and `muster` run against it in a folder of the test's own. */
export async function startMuster(
  t: TestContext,
): Promise<{ service: ServiceProcess; folder: string; run: (...args: string[]) => Promise<Run> }> {
  const service = await startProcess(t);
  const env = { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token };
  return {
    service,
    folder: service.data,
    run: (...args) => muster(args, { env, cwd: service.data }),
  };
}

/** Resolves to the first match of `pattern` in what the process prints on standard output. */
export async function untilPrinted({ child, output }: Started, pattern: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    const match = pattern.exec(output.stdout);
    if (match !== null) return match;
    assert.equal(child.exitCode, null, `ended before it printed ${pattern}: ${output.stderr}`);
    await sleep(20);
  }
}
