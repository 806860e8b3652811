import { addEffects, type Checkpoint, type Effects } from '../../model/execution.ts';
import { rangesOf } from '../key-ranges.ts';
import type { RevertPart } from '../merges.ts';
import type { Row, Sql } from '../records/database.ts';
import { statementsOf } from '../statements.ts';
import { type Counts, toCounts, toEffects } from './effect-counts.ts';

const statement = statementsOf(new URL('./', import.meta.url));

export type KeyRange = ReturnType<typeof rangesOf>[number];

/**
 * The range of keys that a part of a revert is about, when each is of so many changes, about; and
 * how many there are.
 */
export function rangeOfPart(
  { execution, from, changes }: RevertPart,
  rows: number,
): { readonly range: KeyRange; readonly ranges: number } {
  const ranges = rangesOf(Math.max(1, Math.ceil(changes / rows)));
  const range = ranges[from.line];
  if (range === undefined) throw new Error(`revert ${execution.id} has no part ${from.line}`);
  return { range, ranges: ranges.length };
}

/** What a part of a revert did. */
export type RevertedPart = { readonly counts: Counts; readonly effects: Effects; readonly pairs: number };

/**
 * Counts `chunk_effect` as the changes of an execution that go back: it makes nobody, and what it
 * leaves alone has no command.
 */
export async function countReverted(sql: Sql): Promise<RevertedPart> {
  await sql.query('create or replace temp table chunk_new_user (key_hi ubigint, key_lo ubigint)');
  const counts = toCounts((await sql.query(statement('count-effects')))[0] as Row);
  const [all] = await sql.query(
    'select count(*) as pairs, count(*) filter (where commands = 0) as kept from chunk_effect',
  );
  const kept = Number(all?.kept);
  const effects = toEffects(counts);
  return {
    counts,
    effects: {
      ...effects,
      unchanged: effects.unchanged - kept,
      superseded: 0,
      membershipsKept: kept,
    },
    pairs: Number(all?.pairs),
  };
}

/** The checkpoint behind a part. */
export function checkpointAfter(
  { from, changes }: RevertPart,
  ranges: number,
  { effects, pairs }: RevertedPart,
): Checkpoint {
  const line = from.line + 1;
  return {
    ...from,
    offset: line === ranges ? changes : Math.floor((changes * line) / ranges),
    line,
    successes: from.successes + pairs,
    pairs: from.pairs + pairs,
    effects: addEffects(from.effects, effects),
  };
}
