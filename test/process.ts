import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADMIN_TOKEN, type Client, clientOf } from './client.ts';
import { discardFolder, makeFolder } from './folder.ts';
import { testStore } from './postgres.ts';

const CLI = path.resolve(import.meta.dirname, '../dist/cli.js');
const START_TIMEOUT_MS = 60_000;

/** The real command in a process of its own, over a folder that outlives it. */
export type ServiceProcess = Client & {
  readonly data: string;
  /** Id of the process that runs now. */
  pid(): number;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves to the exit code, null when a signal ended it. */
  terminate(): Promise<number | null>;
  /** Resolves to the exit code when it has ended, for whatever reason. */
  exited(): Promise<number | null>;
  /** The signal that ended it, null while it runs or when it ended otherwise. */
  signal(): NodeJS.Signals | null;
  /** Resolves when it has ended, or rejects when it still runs after `timeoutMs`. */
  end(timeoutMs: number): Promise<void>;
  /**
   * Starts it again on the same folder and port, with `more` in its environment. Only when it has
   * ended; rejects when it ends before it answers.
   */
  restart(more?: Readonly<Record<string, string>>): Promise<void>;
};

/** Starts `dist/cli.js serve` for a test, in a folder that outlives it only when it fails. */
export async function startProcess(
  t: TestContext,
  env: Readonly<Record<string, string>> = {},
): Promise<ServiceProcess> {
  const folder = await makeFolder();
  const store = await testStore(folder);
  const service = await serve(folder, store === null ? env : { MUSTER_STORE: store, ...env });
  t.after(async () => {
    await service.kill();
    await discardFolder(t, folder);
  });
  return service;
}

/** How a process is started. */
export type Launch = {
  /** A program with its arguments that starts the command, such as `prlimit --nofile=64`. */
  readonly launcher?: readonly string[];
  /**
   * File that gets all it prints; by default its log goes nowhere and its errors to those of the
   * test.
   */
  readonly log?: string;
};

/** Starts `dist/cli.js serve` over `data` and waits until it answers. */
export async function serve(
  data: string,
  env: Readonly<Record<string, string>> = {},
  launch: Launch = {},
): Promise<ServiceProcess> {
  const service = await prepareProcess(data, env, launch);
  await service.restart();
  return service;
}

/** `dist/cli.js serve` over `data`, not started yet. */
export async function prepareProcess(
  data: string,
  env: Readonly<Record<string, string>> = {},
  launch: Launch = {},
): Promise<ServiceProcess> {
  const port = await freePort();
  const client = clientOf(`http://127.0.0.1:${port}`, ADMIN_TOKEN);

  let child: ChildProcess | null = null;
  const running = () => {
    assert.ok(child !== null, 'the process was never started');
    return child;
  };
  return {
    ...client,
    data,
    pid: () => running().pid ?? -1,
    signal: () => running().signalCode,
    async kill() {
      running().kill('SIGKILL');
      await exitOf(running());
    },
    async terminate() {
      running().kill('SIGTERM');
      return exitOf(running());
    },
    exited: () => exitOf(running()),
    async end(timeoutMs) {
      const timeout = new AbortController();
      const late = sleep(timeoutMs, 'LATE', { signal: timeout.signal }).catch(() => undefined);
      const first = await Promise.race([exitOf(running()), late]);
      timeout.abort();
      if (first === 'LATE') throw new Error(`the process still runs after ${timeoutMs} ms`);
    },
    async restart(more = {}) {
      assert.ok(child === null || hasExited(child), 'the process still runs');
      child = spawnServe(['--data', data, '--port', String(port)], { ...env, ...more }, launch);
      await untilReady(client, child);
    },
  };
}

function spawnServe(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { launcher = [], log }: Launch,
): ChildProcess {
  assert.ok(existsSync(CLI), `${CLI} is missing: npm run build`);
  const output = log === undefined ? null : openSync(log, 'a');
  const [program = '', ...rest] = [...launcher, process.execPath, CLI, 'serve', ...args];
  const child = spawn(program, rest, {
    env: { ...process.env, MUSTER_ADMIN_TOKEN: ADMIN_TOKEN, MUSTER_LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', output ?? 'ignore', output ?? 'inherit'],
  });
  if (output !== null) closeSync(output);
  return child;
}

/**
 * Starts `serve` over `data` where it is to end at its start; resolves to the exit code and what it
 * printed.
 */
export async function serveRefused(
  data: string,
  { launcher, log }: { readonly launcher?: readonly string[]; readonly log: string },
): Promise<{ readonly code: number | null; readonly text: string }> {
  writeFileSync(log, '');
  const child = spawnServe(
    ['--data', data, '--port', '0'],
    {},
    { ...(launcher === undefined ? {} : { launcher }), log },
  );
  const late = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
  const code = await exitOf(child);
  clearTimeout(late);
  return { code, text: readFileSync(log, 'utf8') };
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function exitOf(child: ChildProcess): Promise<number | null> {
  if (hasExited(child)) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', resolve));
}

async function untilReady(client: Client, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (hasExited(child))
      throw new Error(`serve ended at its start with ${child.exitCode ?? child.signalCode}`);
    const answer = await client.call('GET', '/v1/datamarts').catch(() => null);
    if (answer?.status === 200) return;
    await sleep(20);
  }
  child.kill('SIGKILL');
  throw new Error(`serve does not answer after ${START_TIMEOUT_MS} ms`);
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

/**
 * The most memory a process held since its start or the last `resetPeakMemory`, in bytes (Linux).
 */
export function peakMemoryBytes(pid: number): number {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) * 1024;
}

/** Lets `peakMemoryBytes` begin anew (Linux). */
export function resetPeakMemory(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
