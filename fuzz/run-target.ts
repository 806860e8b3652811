import fc from 'fast-check';
import type { Options } from './options.ts';
import type { AnyProperty, OpenTarget } from './target.ts';

/** What is printed of an input; the path leads to all of it. */
const MOST_CHARS = 4_000;

export type Result = {
  readonly target: string;
  readonly runs: number;
  readonly seconds: number;
  /** What was found, ready to be printed. */
  readonly findings: readonly string[];
};

/** Runs the properties of a target, each for its share of the time, until one fails for each. */
export async function runTarget(target: string, open: OpenTarget, options: Options): Promise<Result> {
  const startedAt = performance.now();
  const { properties, close } = await open();
  const findings: string[] = [];
  let runs = 0;
  try {
    for (const [index, property] of properties.entries()) {
      const limitMs = (options.minutes * 60_000) / properties.length;
      const outcome = await runProperty(property, limitMs, options);
      runs += outcome.runs;
      if (outcome.finding !== null) findings.push(`property ${index + 1}: ${outcome.finding}`);
    }
  } finally {
    await close();
  }
  return { target, runs, seconds: (performance.now() - startedAt) / 1000, findings };
}

async function runProperty(
  property: AnyProperty,
  limitMs: number,
  { seed, path }: Options,
): Promise<{ runs: number; finding: string | null }> {
  const check = (limits: fc.Parameters<unknown>) =>
    fc.check(property as fc.IAsyncProperty<unknown>, {
      seed,
      ...(path === null ? {} : { path }),
      ...limits,
    });
  const timed = await check({
    numRuns: Number.MAX_SAFE_INTEGER,
    // Shrinking stops then too: what it has come to is printed.
    interruptAfterTimeLimit: limitMs,
    markInterruptAsFailure: false,
  });
  // an input that takes longer than all of the time is tried nevertheless
  const details = timed.interrupted && timed.numRuns === 0 ? await check({ numRuns: 1 }) : timed;
  if (!details.failed) return { runs: details.numRuns, finding: null };
  const { counterexamplePath, counterexample, errorInstance } = details;
  const input = fc.stringify(counterexample);
  const finding = [
    `--seed ${seed} --path ${counterexamplePath}`,
    input.length > MOST_CHARS ? `${input.slice(0, MOST_CHARS)}… (${input.length} characters)` : input,
    errorInstance instanceof Error ? errorInstance.stack : String(errorInstance),
  ].join('\n');
  return { runs: details.numRuns, finding };
}
