import { type Static, Type } from 'typebox';
import { ServiceError } from '../../errors.ts';
import { isTimeZone, nextDue } from '../../model/due-times.ts';
import {
  EVERY,
  EXPECT_FIELDS,
  type Expectation,
  isSameSchedule,
  parseEvery,
  parseTimeOfDay,
  WEEKDAYS,
} from '../../model/expectation.ts';
import {
  EXPECTED_STATES,
  type ExpectingImport,
  expectedState,
  FILE_PROBLEMS,
  lastProblems,
  usualCommands,
} from '../../model/expected-files.ts';
import { schemaOf, viewer } from '../../model/record.ts';
import { nullableInteger, nullableText, oneOf } from '../schemas.ts';

/** What an import expects, as it is shown. */
export const ExpectView = schemaOf(EXPECT_FIELDS);
export const viewExpect = viewer(EXPECT_FIELDS);

const Expect = Type.Object({
  ...Type.Partial(ExpectView).properties,
  every: EXPECT_FIELDS.every,
  by: EXPECT_FIELDS.by,
  time_zone: Type.Optional(nullableText({ description: 'that of the datamart when it is not given' })),
});

/** What an import is to expect; null: nothing. */
export const ExpectBody = Type.Unsafe<Static<typeof Expect> | null>({
  ...Expect,
  type: ['object', 'null'],
  description: 'when files are due and what they usually are; null: any time, and anything',
});

/** What is known of the files that an import expects. */
export const ExpectedView = Type.Object({
  state: oneOf(EXPECTED_STATES),
  due_ts: Type.Integer({ description: 'the next due time, ms since the epoch' }),
  last_due_ts: nullableInteger({ description: 'the last one that has passed; null: none has' }),
  missed: Type.Integer({
    minimum: 0,
    description: 'how many due times in a row before the last one had no file at all',
  }),
  last_execution_id: nullableText({ description: 'of the last file that succeeded' }),
  last_end_date: nullableInteger(),
  last_commands: nullableInteger(),
  usual_commands: Type.Unsafe<number | null>({
    type: ['number', 'null'],
    description: 'the median of the files before the last one; null while they are fewer than 3',
  }),
  problems: Type.Array(oneOf(FILE_PROBLEMS), { description: 'what is not as expected of the last file' }),
});

/** What a request has an import expect. Throws INVALID_REQUEST for what cannot be. */
export function readExpect(
  input: Static<typeof ExpectBody>,
  of: { readonly timeZone: string; readonly now: number; readonly before: Expectation | null },
): Expectation | null {
  if (input === null) return null;
  const { every, by, on = null, time_zone } = input;
  const interval = parseEvery(every);
  if (interval === null) throw invalid(`every must be one of ${EVERY}`, every);
  if (parseTimeOfDay(by) === null) throw invalid('by must be a time of the day such as 06:00', by);
  const timeZone = time_zone ?? of.timeZone;
  if (!isTimeZone(timeZone)) throw invalid('time_zone must be a time zone such as Europe/Paris', timeZone);
  const days = on === null ? null : WEEKDAYS.filter((day) => on.includes(day));
  const isCounted = interval.unit === 'd' && interval.count > 1;
  if (isCounted && days !== null) throw invalid('on cannot be given with days that are counted', every);
  const most = interval.unit === 'w' ? 1 : WEEKDAYS.length;
  if (days !== null && (days.length === 0 || days.length > most))
    throw invalid(most === 1 ? 'on must be one day of the week' : 'on must have a day', on?.join() ?? '');
  const begun = { every, by, on: days, timeZone, sinceTs: of.now };
  return {
    ...begun,
    sinceTs: of.before !== null && isSameSchedule(of.before, begun) ? of.before.sinceTs : of.now,
    minCommands: input.min_commands ?? null,
    maxChange: input.max_change ?? null,
    maxFailureRatio: input.max_failure_ratio ?? null,
  };
}

function invalid(expected: string, given: string): ServiceError {
  return new ServiceError(
    'INVALID_REQUEST',
    `expect: ${expected}, got ${JSON.stringify(given.slice(0, 100))}`,
  );
}

export function viewExpected(of: ExpectingImport): Static<typeof ExpectedView> {
  const { expect } = of.documentImport;
  const { dueTs, missed } = of.record;
  const [last, ...before] = of.files;
  return {
    state: expectedState(of),
    due_ts: nextDue(expect, dueTs ?? expect.sinceTs),
    last_due_ts: dueTs,
    missed,
    last_execution_id: last?.executionId ?? null,
    last_end_date: last?.endTs ?? null,
    last_commands: last?.commands ?? null,
    usual_commands: usualCommands(before),
    problems: [...lastProblems(of)],
  };
}
