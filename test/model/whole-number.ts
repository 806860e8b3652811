const JSON_NUMBER = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Anything that has more digits than this is the same to every rule: far beyond 2^53. */
const MOST_DIGITS = 30;

/**
 * The exact value of a JSON number text whose value is a whole number, null for any other text. No
 * floating point: `1e-400` is not 0 and `10.00000000000000000000001` is not 10.
 */
export function wholeNumber(text: string): bigint | null {
  const match = JSON_NUMBER.exec(text);
  if (match === null) return null;
  const [, sign, integer = '', fraction = '', exponent = '0'] = match;
  const allDigits = (integer + fraction).replace(/^0+/, '');
  if (allDigits === '') return 0n;
  const digits = allDigits.replace(/0+$/, '');
  const zeros = Number(exponent) - fraction.length + (allDigits.length - digits.length);
  if (zeros < 0) return null;
  const size =
    digits.length + zeros > MOST_DIGITS ? 10n ** BigInt(MOST_DIGITS) : BigInt(digits) * 10n ** BigInt(zeros);
  return sign === '-' ? -size : size;
}
