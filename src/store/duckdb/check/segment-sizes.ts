import { tally } from '../../../model/check.ts';
import type { SegmentSize } from '../../../model/records.ts';
import { toSize } from '../segment-sizes.ts';
import { statement } from '../statements.ts';
import type { Checking, Sizes } from './checking.ts';

const NONE: SegmentSize = { userPoints: 0, userAccounts: 0, emails: 0, userAgents: 0 };

/**
 * Whether the sizes that users are told are those of a count that trusts nothing but the rows.
 * Where it is not known what they were told at this moment, what is compared is what they would
 * have been.
 */
export async function checkSegmentSizes({ sql, now, ranges, told }: Checking) {
  const fresh = new Map<string, SegmentSize>();
  for (const range of ranges) {
    for (const row of await sql.query(statement('fresh-segment-sizes', { ...range, now }))) {
      const id = String(row.segment_id);
      fresh.set(id, sum(fresh.get(id) ?? NONE, toSize(row)));
    }
  }
  const asTold = told ?? (await toldOfThisMoment({ sql, now }));
  const found = tally('segment-sizes');
  for (const id of differing(fresh, asTold))
    found.add(`segment ${id}: ${difference(fresh.get(id), asTold.get(id))}`);
  return found.result();
}

async function toldOfThisMoment({ sql, now }: Pick<Checking, 'sql' | 'now'>): Promise<Sizes> {
  const rows = await sql.query(statement('segment-sizes', { now }));
  return new Map(rows.map((row) => [String(row.segment_id), toSize(row)]));
}

/** The segments whose sizes are not the same. */
export function differing(one: Sizes, other: Sizes): string[] {
  const ids = new Set([...one.keys(), ...other.keys()]);
  return [...ids].filter((id) => difference(one.get(id), other.get(id)) !== null);
}

/** What is counted otherwise, or null. */
function difference(counted: SegmentSize = NONE, told: SegmentSize = NONE): string | null {
  const names = Object.keys(NONE) as (keyof SegmentSize)[];
  const name = names.find((each) => counted[each] !== told[each]);
  return name === undefined ? null : `${counted[name]} ${name}, told are ${told[name]}`;
}

function sum(one: SegmentSize, other: SegmentSize): SegmentSize {
  return {
    userPoints: one.userPoints + other.userPoints,
    userAccounts: one.userAccounts + other.userAccounts,
    emails: one.emails + other.emails,
    userAgents: one.userAgents + other.userAgents,
  };
}
