import { type Effects, NO_EFFECTS } from '../../model/execution.ts';
import type { Row, Sql } from '../records/database.ts';
import { statementsOf } from '../statements.ts';
import { type Counts, sumCounts, toCounts, toEffects } from './effect-counts.ts';
import type {
  MergeEngine,
  MergeSource,
  MergeTerms,
  MergeTransaction,
  PreparedMerge,
} from './merge-engine.ts';

const statement = statementsOf(new URL('./', import.meta.url));

/** A merge, and what whoever wants it does in its transaction. */
export type Merge<R, T> = MergeTerms & {
  /** Asked first: why nothing is to be written, or null. */
  readonly check: (records: Sql) => Promise<R | null>;
  /** Asked last, with the effects of each document: stores what has to be there with them. */
  readonly finish: (records: Sql, effects: readonly Effects[]) => Promise<T>;
};

/** Merges a source in one transaction, between `check` and `finish`. */
export async function mergeSource<R, T>(
  engine: MergeEngine,
  source: MergeSource,
  merge: Merge<R, T>,
): Promise<R | T> {
  const prepared = await engine.prepare(source, 'IN_TURN');
  try {
    return await mergePrepared(prepared, source, merge);
  } finally {
    await prepared.close();
  }
}

/** The same of a source that is prepared. */
export function mergePrepared<R, T>(
  prepared: PreparedMerge,
  source: MergeSource,
  { check, finish, ...terms }: Merge<R, T>,
): Promise<R | T> {
  return prepared.merge(terms, async (merge) => {
    const refusal = await check(merge.records);
    return refusal ?? finish(merge.records, await applySteps(merge, source));
  });
}

/** Applies a source step by step; resolves to the effects of each document, by position. */
async function applySteps(merge: MergeTransaction, source: MergeSource): Promise<readonly Effects[]> {
  const documents = source.type === 'COMMANDS' ? source.documents : 1;
  const effects = new Array<Effects>(documents).fill(NO_EFFECTS);
  const { steps, leftOut } = await merge.cut();
  for (const step of steps) {
    await merge.findEffects(step);
    await merge.applyEffects(await countStep(merge.local, source, effects));
  }
  const [first = NO_EFFECTS, ...others] = effects;
  return [{ ...first, unchanged: first.unchanged + leftOut }, ...others];
}

/** Counts a step, and notes what each of its documents does. */
async function countStep(local: Sql, source: MergeSource, effects: Effects[]): Promise<Counts> {
  if (source.type === 'COMMANDS' && source.documents > 1) {
    const rows = await local.query(statement('count-effects-by-document'));
    for (const row of rows) effects[Number(row.document)] = toEffects(toCounts(row));
    return sumCounts(rows.map(toCounts));
  }
  if (source.type === 'CHANGES')
    await local.query('create or replace temp table chunk_new_user (key_hi ubigint, key_lo ubigint)');
  const counts = toCounts((await local.query(statement('count-effects')))[0] as Row);
  effects[0] = source.type === 'CHANGES' ? await revertedEffects(local, counts) : toEffects(counts);
  return counts;
}

/** The effects of changes that go back: what is left alone has no command. */
async function revertedEffects(local: Sql, counts: Counts): Promise<Effects> {
  const [row] = await local.query('select count(*) as kept from chunk_effect where commands = 0');
  const effects = toEffects(counts);
  const membershipsKept = Number(row?.kept);
  return { ...effects, unchanged: effects.unchanged - membershipsKept, superseded: 0, membershipsKept };
}
