import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADMIN_TOKEN, type Client, clientOf } from '../test/client.ts';
import { peakMemoryBytes, resetPeakMemory } from '../test/process.ts';
import type { Closable } from './bench.ts';
import type { Measured } from './table.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../dist/bin.cjs');
const START_TIMEOUT_MS = 30_000;

/**
 * The service as somebody who installed it runs it: a process of its own, over a store of its own.
 */
export type Server = Client & Closable & { readonly pid: number; readonly data: string };

/**
 * Starts `dist/bin.cjs serve` on a fresh folder in `scratch`. All settings but the largest upload
 * and `more` are the defaults.
 */
export async function startServer(
  scratch: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Server> {
  assert.ok(existsSync(PROGRAM), `${PROGRAM} is missing: npm run build`);
  const folder = await mkdtemp(path.join(scratch, 'server-'));
  const log = path.join(folder, 'log');
  const output = openSync(log, 'w');
  const child = spawn(
    process.execPath,
    [PROGRAM, 'serve', '--port', '0', '--data', path.join(folder, 'data')],
    {
      env: { ...process.env, MUSTER_ADMIN_TOKEN: ADMIN_TOKEN, MUSTER_MAX_UPLOAD_BYTES: '100GiB', ...more },
      stdio: ['ignore', output, output],
    },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const url = /Muster listens on (http\S+)/.exec(readFileSync(log, 'utf8'))?.[1];
    if (url !== undefined) {
      return {
        ...clientOf(url, ADMIN_TOKEN),
        pid: child.pid ?? -1,
        data: path.join(folder, 'data'),
        async close() {
          child.kill('SIGKILL');
          await exited;
          await rm(folder, { recursive: true, force: true });
        },
      };
    }
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`serve does not start: ${readFileSync(log, 'utf8').slice(-300)}`);
    }
    await sleep(20);
  }
}

/**
 * Runs `work` and adds how much memory the service took at most and how late its event loop was
 * meanwhile.
 */
export async function watching(server: Server, work: () => Promise<Measured>): Promise<Measured> {
  if (process.platform === 'linux') resetPeakMemory(server.pid);
  // Reading the metrics begins a new histogram.
  await eventLoopP99Ms(server);
  const measured = await work();
  return {
    ...measured,
    loopP99Ms: await eventLoopP99Ms(server),
    ...(process.platform === 'linux' ? { peakBytes: peakMemoryBytes(server.pid) } : {}),
  };
}

async function eventLoopP99Ms(server: Server): Promise<number> {
  const { text } = await server.call('GET', '/metrics');
  return Number(/^nodejs_eventloop_lag_p99_seconds ([\d.e+-]+)$/m.exec(text)?.[1] ?? Number.NaN) * 1000;
}
