import { parseArgs } from 'node:util';

/** What `npm run fuzz -- …` takes. */
export type Options = {
  readonly targets: readonly string[];
  /** For each target. */
  readonly minutes: number;
  readonly seed: number;
  /** Leads to one failing input of one property, as a failure prints it. */
  readonly path: string | null;
};

/** Reads the command line; `known` are the names of the targets. */
export function readOptions(args: readonly string[], known: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      target: { type: 'string', default: 'all' },
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      path: { type: 'string' },
    },
  });
  const targets = values.target === 'all' ? known : values.target.split(',');
  for (const target of targets) {
    if (!known.includes(target))
      throw new Error(`--target: expected all or some of ${known.join(', ')}, got ${target}`);
  }
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error(`--minutes: expected a number above 0, got ${values.minutes}`);
  const seed = Number(values.seed);
  if (!Number.isInteger(seed)) throw new Error(`--seed: expected a whole number, got ${values.seed}`);
  return { targets, minutes, seed, path: values.path ?? null };
}
