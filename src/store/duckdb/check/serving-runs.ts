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
import type { KeyRange } from './checks.ts';

type Checking = { readonly sql: DuckDbSql; readonly now: number; readonly ranges: readonly KeyRange[] };
type Said = { readonly key: RunKey; readonly folded: Folded };

/**
 * Whether the serving runs say of each user what the tables say, at the moment of the transaction. `runs`: those of the
 * manifest at that moment, the newest first; null: there is no base, so that look-ups ask the tables and nothing can differ.
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
  const compare = (key: RunKey, served: string, stored: string) => {
    if (served === stored) return;
    violations++;
    const uuid = formatUuid(keyHalves(key));
    if (examples.length < MOST_EXAMPLES) examples.push(`key ${uuid}: ${served}, expected ${stored}`);
  };
  try {
    const served = saidBy(runs);
    let next = served.next();
    for await (const { key, folded } of saidByTables(sql, ranges)) {
      for (; !next.done && compareKeys(next.value.key, key) < 0; next = served.next())
        compare(next.value.key, textOf(next.value.folded, isLive), UNKNOWN);
      const isSame = !next.done && compareKeys(next.value.key, key) === 0;
      compare(
        key,
        isSame && !next.done ? textOf(next.value.folded, isLive) : UNKNOWN,
        textOf(folded, isLive),
      );
      if (isSame) next = served.next();
    }
    for (; !next.done; next = served.next())
      compare(next.value.key, textOf(next.value.folded, isLive), UNKNOWN);
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

const UNKNOWN = 'unknown';

function* saidBy(runs: readonly Run[]): Generator<Said, undefined> {
  for (const { key, records } of recordsByKey(runs)) yield { key, folded: foldRecords(records) };
}

/** What the tables say, by way of a run in memory for each range: so both sides are read by the same code. */
async function* saidByTables(sql: DuckDbSql, ranges: readonly KeyRange[]): AsyncGenerator<Said> {
  for (const range of ranges) {
    const writer = new RunWriter('check', 1);
    const rows = new RowWriter(writer);
    for await (const some of rowsOfStatement(sql, statement('base-rows', range))) rows.add(some, 0);
    rows.end();
    const { rest } = writer.finish();
    const run = Run.open({ id: 'check', bytes: rest.length, content: rest });
    yield* saidBy([run]);
  }
}

function textOf(
  folded: Folded,
  isLive: (of: { segmentId: number; expirationTs: number | null }) => boolean,
): string {
  if (folded.kind === 'ERASED') return UNKNOWN;
  if (folded.kind === 'ALIAS') return `of user point ${formatUuid(keyHalves(folded.point))}`;
  const memberships = folded.memberships.flatMap((each) => {
    if (each.left || !isLive(each)) return [];
    const { segmentId, creationTs, lastModifiedTs, expirationTs, dataBag } = each;
    return [[segmentId, creationTs, lastModifiedTs, expirationTs, dataBag?.toString('utf8') ?? null]];
  });
  return `of datamart ${folded.datamartId} in ${JSON.stringify(memberships)}`;
}
