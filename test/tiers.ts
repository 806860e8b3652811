/**
 * The tiers of the suite. CONTRIBUTING.md says what each is for and how long it takes.
 *
 * * `fast` is what one runs while one works: under five minutes on two cores.
 * * `system` is what has to pass before a change lands: processes, kills, faults, nodes, the
 *   console.
 * * `long` is for a night: torture, fuzzing, the bench, properties with twenty times the runs.
 */
export const TIERS = ['fast', 'system', 'long'] as const;
export type Tier = (typeof TIERS)[number];

/** Folders (with a slash at the end) and files of the fast tier. */
export const FAST: readonly string[] = [
  'test/documents/',
  'test/http/',
  'test/import/',
  'test/runner/',
  'test/sources/',
  'test/store/',
  'test/webhooks/',
  'test/properties/',
  'test/admin-token.test.ts',
  'test/docs.test.ts',
  'test/log-ids.test.ts',
  'test/log.test.ts',
  'test/tracing.test.ts',
  // a few ways through the whole program, end to end, and what the console says in each language
  'test/cli/import.test.ts',
  'test/console/keyboard.test.ts',
  'test/console/texts.test.ts',
  'test/crash/small-files.test.ts',
];

/**
 * Files of folders of the fast tier that take a quarter of a minute each, and are of the system
 * tier.
 */
export const SLOW: readonly string[] = [
  'test/documents/parquet.test.ts',
  'test/http/parquet.test.ts',
  'test/properties/parquet.test.ts',
  'test/http/access.test.ts',
  'test/http/erasure.test.ts',
  'test/http/events.test.ts',
  'test/http/missing-segments.test.ts',
  'test/http/numbers.test.ts',
  'test/runner/groups.test.ts',
  'test/runner/turns.test.ts',
  'test/store/checkpoints.test.ts',
];

export const LONG: readonly string[] = ['test/bench/', 'test/torture/'];

/** Files that the later tiers run again, with more runs of their properties or more time. */
export const GROWING: readonly string[] = [
  'test/import/',
  'test/properties/',
  'test/store/duckdb.test.ts',
  'test/store/postgres.test.ts',
  'test/fuzz.test.ts',
];

/** Folders whose files do not mind what others have done in their process. */
export const SHARED_PROCESS: readonly string[] = [
  'attacks',
  'cli',
  'console',
  'crash',
  'docs',
  'documents',
  'http',
  'import',
  'properties',
  'runner',
  'sources',
  'store',
  'webhooks',
];

/** How many runs a property makes in a tier, as a share of what its test asks for. */
const SHARE_OF_RUNS: Readonly<Record<Tier, number>> = { fast: 0.2, system: 1, long: 20 };

/** `MUSTER_TEST_RUNS`, or what the tier that runs asks for; 1 when a file is run by itself. */
export function shareOfRuns(): number {
  const { MUSTER_TEST_RUNS, MUSTER_TEST_TIER } = process.env;
  if (MUSTER_TEST_RUNS) return Number(MUSTER_TEST_RUNS);
  return SHARE_OF_RUNS[MUSTER_TEST_TIER as Tier] ?? 1;
}

/** A number for every day, or the one for a night when the long tier runs. */
export function longer(everyDay: number, night: number): number {
  return process.env.MUSTER_TEST_TIER === 'long' ? night : everyDay;
}

/** Whether a file is one of those that a list names. */
export function isIn(list: readonly string[], file: string): boolean {
  return list.some((name) => (name.endsWith('/') ? file.startsWith(name) : file === name));
}
