// Builds dist/: compiles src/, copies the SQL files beside the code that reads them, bundles the program, and the console into dist/console.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync } from 'node:fs';
import { bundle } from './bundle.mjs';

rmSync('dist', { recursive: true, force: true });
run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
cpSync('src', 'dist', {
  recursive: true,
  filter: (source) => !/\.[a-z]+$/.test(source) || source.endsWith('.sql'),
});
await bundle('cli.js', 'import/parse/parse-thread.js');
for (const program of ['dist/bin.cjs', 'dist/cli.js']) chmodSync(program, 0o755);
run('node_modules/vite/bin/vite.js', 'build', '--config', 'console/vite.config.ts', '--logLevel', 'warn');

/** Runs a program of node_modules with this Node, and ends with its exit code where that is not 0. */
function run(...args) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
