import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCount } from '../src/cli/read-args.ts';
import { ConfigError, readConfig, SETTINGS } from '../src/config.ts';

/** Texts that stand for a number somewhere; none is a whole number here. */
const TEXTS = [
  ...[
    '9.3e18',
    '1e30',
    '1e400',
    '1e3',
    'Infinity',
    'NaN',
    '-0',
    '0x10',
    '',
    ' ',
    '1_000',
    '\u0663',
    '-1',
    '1.5',
  ],
  ...['9'.repeat(40), '9'.repeat(400), '9223372036854775808'],
];
const VALUES = [9.3e18, 1e30, Number.POSITIVE_INFINITY, Number.NaN, 1.5, -1, 2 ** 63, null, true, [], {}];

/** Settings that take fractions too. */
const FRACTIONS = new Set(['lookupGoalMs']);

test('a number of the configuration is a whole one within its bounds, or the start is refused by its name', () => {
  const names = Object.entries(SETTINGS).flatMap(([name, { default: value }]) =>
    typeof value === 'number' ? [name] : [],
  );
  assert.ok(names.length > 15, 'the settings that are numbers');
  for (const name of names) {
    const variable = `MUSTER_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
    // an empty variable is one that is not set
    const isNone = (given: unknown) => !FRACTIONS.has(name) || Number(given) !== 1.5;
    for (const text of TEXTS.filter((each) => each !== '' && isNone(each)))
      assert.throws(() => readConfig({}, { [variable]: text }), refusalOf(variable), `${variable}=${text}`);
    const { parse } = SETTINGS[name as keyof typeof SETTINGS];
    for (const value of VALUES.filter(isNone))
      assert.throws(() => parse(value), /expected/, `${name}: ${value}`);
  }
});

function refusalOf(variable: string) {
  return (error: unknown) => error instanceof ConfigError && error.message.includes(variable);
}

test('a count of a flag is a whole number within its bounds', () => {
  for (const text of TEXTS) assert.throws(() => readCount('--settle', text, 86_400), /--settle: expected/);
  assert.equal(readCount('--settle', '86400', 86_400), 86_400);
  assert.throws(() => readCount('--settle', '86401', 86_400), /from 1 to 86400/);
});
