import { Cron } from 'croner';
import type { Schedule } from '../model/source.ts';

/** What is wrong with a cron expression or a time zone, in words; null when nothing is. */
export function wrongSchedule(schedule: Schedule): string | null {
  if ('intervalMs' in schedule) return null;
  try {
    new Intl.DateTimeFormat('en', { timeZone: schedule.timeZone });
  } catch {
    return 'time_zone must be one of the IANA database, such as Europe/Paris';
  }
  const expected =
    'cron must have five fields (minute, hour, day of month, month, day of week), such as "0 6 * * 1-5"';
  if (schedule.cron.trim().split(/\s+/).length !== 5) return expected;
  try {
    if (cronOf(schedule).nextRun(new Date(0)) !== null) return null;
    return 'cron must be met at some time, got one that never is';
  } catch {
    return expected;
  }
}

/**
 * When a source is pulled after an instant. A run that took longer than an interval is followed at
 * once.
 */
export function nextRun(
  schedule: Schedule,
  { startDate, now }: { startDate: number; now: number },
): number | null {
  if ('intervalMs' in schedule) return Math.max(now, startDate + schedule.intervalMs);
  return cronOf(schedule).nextRun(new Date(now))?.getTime() ?? null;
}

function cronOf({ cron, timeZone }: Extract<Schedule, { cron: string }>): Cron {
  return new Cron(cron, { timezone: timeZone, paused: true, mode: '5-part' });
}
