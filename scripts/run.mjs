import { spawnSync } from 'node:child_process';

/**
 * Runs a program of node_modules with this Node, and ends with its exit code where that is not 0.
 */
export function run(...args) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
