import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextRun, wrongSchedule } from '../../src/sources/next-run.ts';

const at = (text: string) => Date.parse(text);
const after = (cron: string, timeZone: string, now: string) => {
  const next = nextRun({ cron, timeZone }, { startDate: 0, now: at(now) });
  return next === null ? null : new Date(next).toISOString();
};

test('a cron expression is met by the clock of its time zone, through changes of it', () => {
  assert.equal(after('0 6 * * *', 'Europe/Paris', '2026-11-30T05:00:00Z'), '2026-12-01T05:00:00.000Z');
  assert.equal(after('0 6 * * *', 'Europe/Paris', '2026-11-30T04:59:59Z'), '2026-11-30T05:00:00.000Z');
  assert.equal(after('0 6 * * 1-5', 'America/New_York', '2026-11-27T12:00:00Z'), '2026-11-30T11:00:00.000Z');
  // in the night in which the clocks go forward there is no 02:30; in the other one there are two,
  // of which one counts
  assert.equal(after('30 2 * * *', 'Europe/Paris', '2026-03-28T12:00:00Z'), '2026-03-29T01:30:00.000Z');
  const autumn = after('30 2 * * *', 'Europe/Paris', '2026-10-24T12:00:00Z');
  assert.equal(after('30 2 * * *', 'Europe/Paris', String(autumn)), '2026-10-26T01:30:00.000Z');
  assert.equal(wrongSchedule({ cron: '*/5 * * * *', timeZone: 'UTC' }), null);
});

test('an expression that is none, or is never met, is refused, and so is a time zone that is none', () => {
  for (const cron of ['', '* * * *', '* * * * * *', '60 * * * *', '0 6 * * bogus', '@daily', '0 0 31 2 *'])
    assert.match(wrongSchedule({ cron, timeZone: 'UTC' }) ?? '', /^cron must/, cron);
  assert.match(wrongSchedule({ cron: '0 6 * * *', timeZone: 'Mars/Olympus' }) ?? '', /^time_zone must/);
});

test('an interval is counted from start to start, and a run that took longer is followed at once', () => {
  const every = (now: number) => nextRun({ intervalMs: 60_000 }, { startDate: 1_000_000, now });
  assert.equal(every(1_010_000), 1_060_000);
  assert.equal(every(1_200_000), 1_200_000);
});
