// Builds dist/: makes the types of the client, compiles wasm/ and src/, copies SQL and WebAssembly
// beside the code that reads them, bundles the program, and the console into dist/console, and
// makes the pages of dist/docs.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundle } from './bundle.mjs';
import { makeDocs } from './docs.mjs';
import { run } from './run.mjs';

rmSync('dist', { recursive: true, force: true });
run('scripts/build-wasm.mjs');
run('--import', 'tsx', 'scripts/client-types.ts');
run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
cpSync('src', 'dist', {
  recursive: true,
  filter: (source) => !/\.[a-z]+$/.test(source) || source.endsWith('.sql') || source.endsWith('.wasm'),
});
await bundle(
  ...['cli.js', 'import/parse/parse-thread.js', 'import/mapping/hash-thread.js'],
  ...['store/serving/merge-thread.js', 'content/parquet/parquet-program.js'],
);
for (const program of ['dist/bin.cjs', 'dist/cli.js']) chmodSync(program, 0o755);
run('node_modules/vite/bin/vite.js', 'build', '--config', 'console/vite.config.ts', '--logLevel', 'warn');
makeDocs(JSON.parse(printed('--import', 'tsx', 'scripts/docs/api-reference.ts')));

printInto('dist/man/muster.1', '__reference', 'man');
for (const [shell, file] of [
  ['bash', 'muster.bash'],
  ['zsh', '_muster'],
  ['fish', 'muster.fish'],
])
  printInto(`dist/completions/${file}`, 'completion', shell);

/** Keeps what the built program prints in a file. */
function printInto(file, ...args) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, printed('dist/bin.cjs', ...args));
}

/** What a program of Node prints; the build ends where it fails. */
function printed(...args) {
  const { status, stdout } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0) process.exit(status ?? 1);
  return stdout;
}
