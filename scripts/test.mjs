// Runs the tests: `node scripts/test.mjs [path part …]` takes only the files whose path holds one of the parts, each in a process of
// its own. When all are run, short ones share a process: most of what a short one takes is the start of Node and of the service.
// Node 20's own --test takes no globs, hence the list.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** Folders whose files do not mind what others have done in their process. */
const TOGETHER = [
  'attacks',
  'cli',
  'console',
  'crash',
  'documents',
  'http',
  'import',
  'runner',
  'store',
  'webhooks',
];
const MOST_TOGETHER = 8;

const parts = process.argv.slice(2);
const files = readdirSync('test', { recursive: true })
  .map((file) => path.join('test', String(file)))
  .filter((file) => file.endsWith('.test.ts'))
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  .sort();
const folder = mkdtempSync(path.join(os.tmpdir(), 'muster-tests-'));
const { status } = spawnSync(
  process.execPath,
  [
    ...['--import', 'tsx', '--test', '--test-concurrency=2', '--test-reporter=spec'],
    ...(parts.length === 0 ? together(files) : files),
  ],
  { stdio: 'inherit' },
);
rmSync(folder, { recursive: true });
process.exit(status ?? 1);

/** The same files, or files that import some of them. */
function together(files) {
  const apart = files.filter((file) => !TOGETHER.includes(file.split(path.sep)[1]));
  const groups = TOGETHER.flatMap((name) => {
    const some = files.filter((file) => file.split(path.sep)[1] === name);
    const count = Math.ceil(some.length / MOST_TOGETHER);
    return Array.from({ length: count }, (_, i) => ({
      name: `${name}-${i + 1}`,
      files: some.filter((_, position) => position % count === i),
    }));
  });
  return [
    ...groups.map(({ name, files }) => {
      const file = path.join(folder, `${name}.test.mjs`);
      const imports = files.map((each) => `await import('${pathToFileURL(path.resolve(each))}');\n`);
      writeFileSync(file, imports.join(''));
      return file;
    }),
    ...apart,
  ];
}
