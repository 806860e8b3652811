import { type CheckResult, MOST_EXAMPLES } from '../../../model/check.ts';
import { formatUuid } from '../../../model/identifier.ts';
import { type Folded, foldRecords } from '../../serving/fold-records.ts';
import { recordsByKey } from '../../serving/merge-runs.ts';
import { Run } from '../../serving/run.ts';
import { RunDamagedError } from '../../serving/run-format.ts';
import { compareKeys, keyHalves, type RunKey } from '../../serving/run-key.ts';
import { RowWriter } from '../../serving/run-rows.ts';
import { RunWriter } from '../../serving/run-writer.ts';
import type { DuckDbSql } from '../../staging/duckdb-connection.ts';
import { rowsOfStatement } from '../run-rows.ts';
import { statement } from '../statements.ts';
import type { KeyRange } from './checking.ts';

type Checking = { readonly sql: DuckDbSql; readonly now: number; readonly ranges: readonly KeyRange[] };
type Said = { readonly key: RunKey; readonly folded: Folded };

/**
 * Whether the serving runs say of each user what the tables say, at the moment of the transaction.
 * `runs`: those of the manifest at that moment, the newest first; null: there is no base, so that
 * look-ups ask the tables and nothing can differ.
 */
export async function checkServingRuns(
  { sql, now, ranges }: Checking,
  runs: readonly Run[] | RunDamagedError | null,
): Promise<CheckResult> {
  const name = 'serving-runs';
  if (runs === null) return { name, violations: 0, examples: [] };
  if (runs instanceof RunDamagedError) return { name, violations: 1, examples: [runs.message] };
  const rows = await sql.query('select id from segment');
  const segments = new Set(rows.map(({ id }) => Number(id)));
  const isLive = (of: { segmentId: number; expirationTs: number | null }) =>
    segments.has(of.segmentId) && (of.expirationTs === null || of.expirationTs > now);
  let violations = 0;
  const examples: string[] = [];
  const compare = (key: RunKey, served: Folded | null, stored: Folded | null) => {
    if (textOf(served, isLive, bagText) === textOf(stored, isLive, bagText)) return;
    violations++;
    if (examples.length < MOST_EXAMPLES) examples.push(differenceOf(key, served, stored));
  };
  const differenceOf = (key: RunKey, served: Folded | null, stored: Folded | null) => {
    const [found, expected] = [textOf(served, isLive, bagSize), textOf(stored, isLive, bagSize)];
    const isSame = found === expected;
    return `key ${formatUuid(keyHalves(key))}: ${found}, expected ${isSame ? 'another data bag' : expected}`;
  };
  try {
    const served = saidBy(runs);
    let next = served.next();
    for await (const { key, folded } of saidByTables(sql, ranges)) {
      for (; !next.done && compareKeys(next.value.key, key) < 0; next = served.next())
        compare(next.value.key, next.value.folded, null);
      if (next.done || compareKeys(next.value.key, key) !== 0) compare(key, null, folded);
      else {
        compare(key, next.value.folded, folded);
        next = served.next();
      }
    }
    for (; !next.done; next = served.next()) compare(next.value.key, next.value.folded, null);
  } catch (error) {
    if (!(error instanceof RunDamagedError)) throw error;
    return {
      name,
      violations: violations + 1,
      examples: [error.message, ...examples].slice(0, MOST_EXAMPLES),
    };
  }
  return { name, violations, examples };
}

/** For comparing. */
function bagText(bag: Buffer): string {
  return bag.toString('utf8');
}

/** For telling: what is in a data bag is nobody's business. */
function bagSize({ length }: Buffer): string {
  return `data bag of ${length} bytes`;
}

function* saidBy(runs: readonly Run[]): Generator<Said, undefined> {
  for (const { key, records } of recordsByKey(runs)) yield { key, folded: foldRecords(records) };
}

/**
 * What the tables say, by way of a run in memory for each range: so both sides are read by the same
 * code.
 */
async function* saidByTables(sql: DuckDbSql, ranges: readonly KeyRange[]): AsyncGenerator<Said> {
  for (const range of ranges) {
    const writer = new RunWriter('check', 1);
    const rows = new RowWriter(writer);
    for await (const some of rowsOfStatement(sql, statement('base-rows', range))) {
      // a key that is there twice is for another check to tell
      for (let from = 0; from < some.count; from++) from = rows.add(some, from);
    }
    rows.end();
    const { rest } = writer.finish();
    const run = Run.open({ id: 'check', bytes: rest.length, content: rest });
    yield* saidBy([run]);
  }
}

function textOf(
  folded: Folded | null,
  isLive: (of: { segmentId: number; expirationTs: number | null }) => boolean,
  ofBag: (bag: Buffer) => string,
): string {
  if (folded === null || folded.kind === 'ERASED') return 'unknown';
  if (folded.kind === 'ALIAS') return `of user point ${formatUuid(keyHalves(folded.point))}`;
  const memberships = folded.memberships.flatMap((each) => {
    if (each.left || !isLive(each)) return [];
    const { segmentId, creationTs, lastModifiedTs, expirationTs, dataBag } = each;
    return [[segmentId, creationTs, lastModifiedTs, expirationTs, dataBag && ofBag(dataBag)]];
  });
  return `of datamart ${folded.datamartId} in ${JSON.stringify(memberships)}`;
}
