/**
 * Runs the tests: `node --import tsx scripts/test.ts TIER`, or `… TIER PART …` for the files of any
 * tier whose path holds one of the parts. CONTRIBUTING.md says what the tiers are for.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { startPostgres, TEST_SERVER_SETTINGS } from '../test/postgres.ts';
import { FAST, GROWING, isIn, LONG, SHARED_PROCESS, SLOW, TIERS, type Tier } from '../test/tiers.ts';

/**
 * Node runs this many test processes at a time; each of them is busy with one core, when it does
 * not wait.
 */
const CONCURRENCY = Math.max(2, os.availableParallelism());
const MAX_FILES_PER_PROCESS = 8;
/** The build is made anew when anything in here is younger than it. */
const BUILD_INPUTS = [
  ...['src', 'wasm', 'console', 'scripts', 'docs', 'package.json', 'package-lock.json'],
  ...['README.md', 'SECURITY.md', 'CHANGELOG.md', 'CONTRIBUTING.md'],
];

const [tier, ...parts] = process.argv.slice(2);
if (tier === undefined || !TIERS.includes(tier as Tier)) {
  throw new Error(`expected one of ${TIERS.join(', ')}, got ${tier ?? 'nothing'}`);
}
const files = parts.length === 0 ? filesOf(tier as Tier) : allFiles().filter(holdsAPart);
if (files.length === 0) throw new Error(`no test file has ${parts.join(' or ')} in its path`);
await buildIfOld();
process.exitCode = await runFiles(tier as Tier, files);

function allFiles(): string[] {
  return readdirSync('test', { recursive: true })
    .map((file) => path.posix.join('test', String(file).split(path.sep).join('/')))
    .filter((file) => file.endsWith('.test.ts'))
    .sort();
}

function holdsAPart(file: string): boolean {
  return parts.some((part) => file.includes(part));
}

/**
 * A file is in the fast tier or the long one when the table says so, else in the system tier, so
 * that a new file is never left out. Some files run again in the later tiers, with more runs each
 * time.
 */
function filesOf(wanted: Tier): string[] {
  const tierOf = (file: string) => {
    if (isIn(FAST, file) && !isIn(SLOW, file)) return 'fast';
    return isIn(LONG, file) ? 'long' : 'system';
  };
  return allFiles().filter((file) => tierOf(file) === wanted || (wanted !== 'fast' && isIn(GROWING, file)));
}

/** Child processes and the console need dist/; all other tests import src/. */
async function buildIfOld(): Promise<void> {
  const built = statSync('dist/console/index.html', { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (BUILD_INPUTS.every((input) => newestIn(input) < built)) return;
  const status = await run(['scripts/build.mjs'], {});
  if (status !== 0) process.exit(status);
}

function newestIn(input: string): number {
  const stat = statSync(input);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(...readdirSync(input).map((name) => newestIn(path.join(input, name))));
}

async function runFiles(tierToRun: Tier, chosen: readonly string[]): Promise<number> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'muster-tests-'));
  const postgres = chosen.some(needsPostgres) ? await startPostgres(TEST_SERVER_SETTINGS) : null;
  try {
    // tests of the fast tier wait for a fifth of their time, and look at no time that more load
    // would change
    const concurrency = CONCURRENCY + (tierToRun === 'fast' ? 1 : 0);
    const reporter = ['--test', `--test-concurrency=${concurrency}`, '--test-reporter=spec'];
    return await run(['--import', 'tsx', ...reporter, ...processes(folder, chosen)], {
      MUSTER_TEST_TIER: tierToRun,
      ...(postgres === null ? {} : { MUSTER_TEST_POSTGRES: postgres.url('postgres') }),
    });
  } finally {
    await postgres?.stop();
    rmSync(folder, { recursive: true });
  }
}

function needsPostgres(file: string): boolean {
  return readFileSync(file, 'utf8').includes('postgres.ts');
}

/**
 * What Node runs as one process each: a test file, or a file that imports some of them. Half of
 * what a short test file takes is the start of Node and the first start of the service. Node 22.8
 * has --test-isolation=none for this, Node 20 has nothing.
 */
function processes(folder: string, chosen: readonly string[]): string[] {
  if (chosen.length === 1) return [...chosen];
  return [...SHARED_PROCESS, null].flatMap((name) => {
    const some = chosen.filter((file) => sharedFolder(file) === name);
    if (name === null) return some;
    const count = Math.ceil(some.length / MAX_FILES_PER_PROCESS);
    return Array.from({ length: count }, (_, i) => {
      const file = path.join(folder, `${name}-${i + 1}.test.mjs`);
      const imports = some
        .filter((_, position) => position % count === i)
        .map((each) => `await import('${pathToFileURL(path.resolve(each))}');\n`);
      writeFileSync(file, imports.join(''));
      return file;
    });
  });
}

function sharedFolder(file: string): string | null {
  return SHARED_PROCESS.find((name) => file.startsWith(`test/${name}/`)) ?? null;
}

/** Runs Node with these arguments; resolves to its exit code. */
function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...env } });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
