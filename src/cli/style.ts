/** Colour and signs, for people at a terminal. */

export type Tone = 'good' | 'bad' | 'odd' | 'quiet' | 'strong';

const CODES: Readonly<Record<Tone, number>> = { good: 32, bad: 31, odd: 33, quiet: 2, strong: 1 };

/** How the status of an execution looks. */
export const STATUS_TONES: Readonly<Record<string, Tone>> = {
  SUCCEEDED: 'good',
  FAILED: 'bad',
  CANCELED: 'odd',
  RUNNING: 'strong',
  PENDING: 'quiet',
};

type Output = Pick<NodeJS.WriteStream, 'isTTY'>;

/**
 * Takes `--color WHEN` out of a command line, and has the environment say the same to whoever asks
 * it.
 */
export function takeColor(argv: readonly string[]): {
  readonly rest: string[];
  readonly color: string | null;
} {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  const at = own.findIndex(
    (word) => word === '--color' || word.startsWith('--color=') || word === '--no-color',
  );
  if (at === -1) return { rest: [...argv], color: null };
  const word = argv[at] ?? '';
  const isSplit = word === '--color';
  const color =
    word === '--no-color' ? 'never' : isSplit ? (argv[at + 1] ?? '') : word.slice('--color='.length);
  return { rest: argv.toSpliced(at, isSplit ? 2 : 1), color };
}

/** What `--color` says, for everything that asks the environment. */
export function setColor(when: 'always' | 'never' | 'auto'): void {
  if (when === 'auto') return;
  delete process.env[when === 'always' ? 'NO_COLOR' : 'FORCE_COLOR'];
  process.env[when === 'always' ? 'FORCE_COLOR' : 'NO_COLOR'] = '1';
}

/** By NO_COLOR and FORCE_COLOR, else whether it is a terminal. */
export function hasColor(output: Output = process.stdout): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return output.isTTY === true && TERM !== 'dumb';
}

/** A text in colour, where there is colour. */
export function tone(text: string, as: Tone | null, output: Output = process.stdout): string {
  return as === null || !hasColor(output) ? text : `\u001b[${CODES[as]}m${text}\u001b[0m`;
}

const SIGNS = { good: '✓', bad: '✗', odd: '!' } as const;

/** `✓ ` before the first line of what went well; nothing where nobody looks. */
export function sign(of: keyof typeof SIGNS, output: Output = process.stdout): string {
  return output.isTTY || hasColor(output) ? `${tone(SIGNS[of], of, output)} ` : '';
}
