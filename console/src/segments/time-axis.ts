import { formatDay, formatHour } from '../parts/formats.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** So many marks at most stand below a chart. */
const MOST_TICKS = 9;
const STEPS_MS = [0.25, 0.5, 1, 3, 6, 12, 24, 5 * 24, 15 * 24].map((hours) => hours * HOUR_MS);

/** What the horizontal axis of a chart shows: a time, whatever is known of it. */
export type TimeAxis = { readonly from: number; readonly to: number };

/**
 * The properties of an axis of time, in the words of the chart library. Marks stand at whole hours
 * or days of the browser.
 */
export function timeAxisProps({ from, to }: TimeAxis) {
  const step = STEPS_MS.find((candidate) => (to - from) / candidate <= MOST_TICKS) ?? DAY_MS;
  return {
    type: 'number' as const,
    scale: 'time' as const,
    domain: [from, to] as [number, number],
    allowDataOverflow: true,
    ticks: ticksOf({ from, to }, step),
    tickFormatter: step < DAY_MS ? formatHour : formatDay,
    interval: 'equidistantPreserveStart' as const,
    minTickGap: 12,
  };
}

function ticksOf({ from, to }: TimeAxis, step: number): number[] {
  const ticks: number[] = [];
  const tick = new Date(from);
  tick.setHours(0, 0, 0, 0);
  // by the clock of the browser: its days have 23 to 25 hours
  while (tick.getTime() <= to) {
    if (tick.getTime() >= from) ticks.push(tick.getTime());
    if (step >= DAY_MS) tick.setDate(tick.getDate() + step / DAY_MS);
    else tick.setTime(tick.getTime() + step);
  }
  return ticks;
}
