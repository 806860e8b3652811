import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dueBefore, nextDue } from '../../src/model/due-times.ts';
import type { Schedule } from '../../src/model/expectation.ts';

const schedule = (of: Partial<Schedule>): Schedule => ({
  ...{ every: '1d', by: '06:00', on: null, timeZone: 'Europe/Paris' },
  sinceTs: Date.parse('2026-01-01T12:00:00Z'),
  ...of,
});

/** The next due times after an instant, as ISO 8601 to the minute. */
function dueTimes(of: Partial<Schedule>, after: string, count: number): readonly string[] {
  const found: string[] = [];
  let due = Date.parse(after);
  while (found.length < count) {
    due = nextDue(schedule(of), due);
    found.push(new Date(due).toISOString().slice(0, 16));
  }
  return found;
}

test('a day is due at the same time by the clocks of its zone, whatever those do', () => {
  assert.deepEqual(dueTimes({}, '2026-03-27T12:00Z', 3), [
    '2026-03-28T05:00',
    '2026-03-29T04:00',
    '2026-03-30T04:00',
  ]);
  assert.deepEqual(dueTimes({}, '2026-10-23T12:00Z', 3), [
    '2026-10-24T04:00',
    '2026-10-25T05:00',
    '2026-10-26T05:00',
  ]);
});

test('a time that clocks leave out is as much later, and one that they show twice is the first', () => {
  assert.deepEqual(dueTimes({ by: '02:30' }, '2026-03-27T12:00Z', 3), [
    '2026-03-28T01:30',
    '2026-03-29T01:30',
    '2026-03-30T00:30',
  ]);
  assert.deepEqual(dueTimes({ by: '02:30' }, '2026-10-24T12:00Z', 2), [
    '2026-10-25T00:30',
    '2026-10-26T01:30',
  ]);
});

test('hours are those of the day, and none is due twice', () => {
  assert.deepEqual(dueTimes({ every: '6h', by: '05:20' }, '2026-10-24T20:00Z', 5), [
    '2026-10-24T21:20',
    '2026-10-25T04:20',
    '2026-10-25T10:20',
    '2026-10-25T16:20',
    '2026-10-25T22:20',
  ]);
  // 02:00 is not there, and is 03:00
  assert.deepEqual(dueTimes({ every: '1h', by: '00:00' }, '2026-03-28T23:30Z', 3), [
    '2026-03-29T00:00',
    '2026-03-29T01:00',
    '2026-03-29T02:00',
  ]);
});

test('days of the week, weeks, and days that are counted from the first due time', () => {
  assert.deepEqual(dueTimes({ on: ['MON', 'FRI'] }, '2026-11-26T12:00Z', 3), [
    '2026-11-27T05:00',
    '2026-11-30T05:00',
    '2026-12-04T05:00',
  ]);
  const since = (text: string) => ({ sinceTs: Date.parse(text) });
  const weeks = { every: '2w', on: ['SUN'] as const, ...since('2026-10-11T04:00Z') };
  // it began when the first Sunday was just over; clocks are put back on the second
  assert.deepEqual(dueTimes(weeks, '2026-10-11T04:00Z', 2), ['2026-10-18T04:00', '2026-11-01T05:00']);
  assert.deepEqual(dueTimes({ every: '1w', ...since('2026-11-04T12:00Z') }, '2026-11-04T12:00Z', 2), [
    '2026-11-05T05:00',
    '2026-11-12T05:00',
  ]);
  assert.deepEqual(dueTimes({ every: '3d', ...since('2026-10-23T01:00Z') }, '2026-10-23T01:00Z', 2), [
    '2026-10-23T04:00',
    '2026-10-26T05:00',
  ]);
});

test('the due time before is the one whose next it is, in zones of every kind', () => {
  const zones = ['UTC', 'Europe/Paris', 'America/St_Johns', 'Asia/Kathmandu', 'Australia/Lord_Howe'];
  const rhythms: readonly Partial<Schedule>[] = [
    { every: '1h' },
    { every: '12h', on: ['WED'] },
    { every: '1d', by: '02:15' },
    { every: '1d', on: ['SAT'] },
    { every: '31d', by: '00:00' },
    { every: '8w', on: ['TUE'], by: '23:59' },
  ];
  for (const timeZone of [...zones, 'Pacific/Apia', 'Africa/Casablanca'])
    for (const rhythm of rhythms) {
      const of = schedule({ ...rhythm, timeZone });
      let due = nextDue(of, Date.parse('2026-02-20T00:00Z'));
      for (let count = 0; count < 20; count++) {
        const next = nextDue(of, due);
        assert.ok(next > due);
        assert.equal(dueBefore(of, next), due, `${timeZone} ${JSON.stringify(rhythm)} ${due}`);
        assert.equal(nextDue(of, next - 1), next);
        due = next;
      }
    }
});
