/** What a check of a store or of its files found. */
export type CheckResult = {
  /** Stable; lower case with hyphens. */
  readonly name: string;
  readonly violations: number;
  /** A few of them, by ids and keys: never a value of an identifier, nor a data bag. */
  readonly examples: readonly string[];
};

export const MOST_EXAMPLES = 3;

/** Counts violations and keeps the first few. */
export function tally(name: string): { add(example: string): void; result(): CheckResult } {
  const examples: string[] = [];
  let violations = 0;
  return {
    add: (example) => {
      violations += 1;
      if (examples.length < MOST_EXAMPLES) examples.push(example);
    },
    result: () => ({ name, violations, examples }),
  };
}
