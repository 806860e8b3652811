import { parseArgs } from 'node:util';

/** What `npm run bench -- …` takes. */
export type Options = {
  /** The parts that run; all unless given. */
  readonly only: readonly string[] | null;
  /** 1 is the real thing; 0.01 makes every file and store a hundredth. */
  readonly scale: number;
  /** Leaves the scratch folder behind. */
  readonly keep: boolean;
  /** Where the table goes as a document; null: nowhere. */
  readonly out: string | null;
  /** How often a short row is measured; the table has the middle one. */
  readonly rounds: number;
  /** How long look-ups are measured while there is nothing else to do. */
  readonly seconds: number;
  /** Rows that have not begun after so many minutes are left out. */
  readonly minutes: number;
};

const DOCUMENT = 'docs/performance.md';

/**
 * Reads the command line. Only a whole run at full scale replaces the document, unless `--out`
 * names a file.
 */
export function readOptions(args: readonly string[], parts: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      scale: { type: 'string', default: '1' },
      keep: { type: 'boolean', default: false },
      out: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '10' },
      minutes: { type: 'string', default: '50' },
    },
  });
  const only = values.only?.split(',').map((part) => part.trim()) ?? null;
  for (const part of only ?? []) {
    if (!parts.includes(part)) throw new Error(`--only: expected some of ${parts.join(', ')}, got ${part}`);
  }
  const scale = positive('--scale', values.scale);
  const whole = only === null && scale === 1;
  return {
    only,
    scale,
    keep: values.keep,
    out: values.out ?? (whole ? DOCUMENT : null),
    rounds: Math.ceil(positive('--rounds', values.rounds)),
    seconds: positive('--seconds', values.seconds),
    minutes: positive('--minutes', values.minutes),
  };
}

function positive(name: string, given: string): number {
  const number = Number(given);
  if (!(number > 0)) throw new Error(`${name}: expected a number above 0, got ${given}`);
  return number;
}
