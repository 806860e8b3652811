import { LOCALE, t } from '../texts/texts.ts';

/** Numbers, sizes and times as they are shown. */

const numbers = new Intl.NumberFormat(LOCALE);
const shortNumbers = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumFractionDigits: 1 });
const percents = new Intl.NumberFormat(LOCALE, { style: 'percent', maximumFractionDigits: 1 });
/** What one decimal can tell. */
const LEAST_SHARE = 0.001;
const dates = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'medium' });
const days = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short' });
const hours = new Intl.DateTimeFormat(LOCALE, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});

export const formatNumber = (value: number) => numbers.format(value);
export const formatShort = (value: number) => shortNumbers.format(value);

/** A share in percent. What is not all is never shown as 100 %, and what is not nothing never as 0 %. */
export function formatShare(part: number, whole: number): string {
  const share = whole === 0 ? 0 : part / whole;
  if (share > 0 && share < LEAST_SHARE) return `<${percents.format(LEAST_SHARE)}`;
  if (share < 1 && share > 1 - LEAST_SHARE) return `>${percents.format(1 - LEAST_SHARE)}`;
  return percents.format(share);
}

/** An instant in ms since the epoch, to the second. */
export const formatInstant = (instant: number) => dates.format(instant);
export const formatDay = (instant: number) => days.format(instant);
export const formatHour = (instant: number) => hours.format(instant);

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)} ${UNITS[unit]}`;
}

const SECOND_MS = 1_000;
const STEPS = [
  { ms: 86_400 * SECOND_MS, name: 'day' },
  { ms: 3_600 * SECOND_MS, name: 'hour' },
  { ms: 60 * SECOND_MS, name: 'minute' },
  { ms: SECOND_MS, name: 'second' },
] as const;

/** A span of ms in its largest unit that fits, such as `3 days`. */
export function formatSpan(ms: number): string {
  if (ms < SECOND_MS) return t.units.milliseconds(Math.round(ms));
  const step = STEPS.find((candidate) => ms >= candidate.ms) ?? STEPS[3];
  const value = ms / step.ms;
  const rounded = step.name === 'second' && value < 10 ? Math.round(value * 10) / 10 : Math.round(value);
  return new Intl.NumberFormat(LOCALE, { style: 'unit', unit: step.name, unitDisplay: 'long' }).format(
    rounded,
  );
}
