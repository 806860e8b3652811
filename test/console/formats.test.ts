import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatBytes,
  formatDay,
  formatHour,
  formatInstant,
  formatNumber,
  formatShare,
  formatShort,
  formatSpan,
  isoInstant,
} from '../../console/src/parts/formats.ts';
import { showTexts } from '../../console/src/texts/texts.ts';
import { formatInstant as formatInstantOfCli } from '../../src/cli/output.ts';
import { runs } from '../client.ts';

await showTexts('en');

/**
 * What a service may hold or say: all numbers there are, and more often those around the ends of
 * the calendar.
 */
const anyNumber = fc.oneof(
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    ...[0, -0, -1, 8.64e15, 8.64e15 + 1, -8.64e15, -8.64e15 - 1, 253_402_300_799_999, 253_402_300_800_000],
    ...[-62_135_596_800_000, -62_135_596_800_001, 9.3e18, 1e30, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE],
    ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ),
);

test('every number that a service may say is written, and none throws', () => {
  const formats = [
    ...[formatNumber, formatShort, formatBytes, formatSpan],
    ...[formatInstant, formatDay, formatHour, formatInstantOfCli],
  ];
  fc.assert(
    fc.property(anyNumber, anyNumber, (value, other) => {
      for (const format of formats) {
        const text = format(value);
        assert.match(text, /^\S/);
        assert.doesNotMatch(text, /Invalid|NaN (?!ms)|undefined/, `${format.name} of ${value}: ${text}`);
      }
      assert.doesNotMatch(formatShare(value, other), /NaN|∞/);
      assert.match(isoInstant(value) ?? '2026-01-01T', /^\d{4}-\d\d-\d\dT/);
    }),
    { numRuns: runs(200) },
  );
});

test('what is within the calendar is a date, and what is beyond it is the number that it is', () => {
  assert.match(formatInstant(1_700_000_000_000), /Nov 2023/);
  assert.match(formatInstant(253_402_300_800_000), /10000|9999/);
  assert.match(formatInstant(8.64e15), /275760/);
  assert.equal(formatInstant(8.64e15 + 1), 'no date (8,640,000,000,000,001 ms since 1970)');
  assert.equal(formatInstant(-8.64e15), 'no date (-8,640,000,000,000,000 ms since 1970)');
  assert.equal(formatInstantOfCli(8.64e15 + 1), '8640000000000001 ms');
  assert.equal(formatInstantOfCli(8.64e15), '+275760-09-13 00:00:00');
  assert.equal(formatInstantOfCli(1_700_000_000_000), '2023-11-14 22:13:20');
  assert.equal(formatSpan(400 * 86_400_000), '400 days');
  assert.equal(formatSpan(8.64e15), '273,785 years');
  assert.equal(formatSpan(3 * 365.25 * 86_400_000), '3 years');
});
