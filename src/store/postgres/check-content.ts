import { type CheckResult, MOST_EXAMPLES } from '../../model/check.ts';
import { QUARTER_MS } from '../../model/history.ts';
import type { Sql } from '../records/database.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import { statement } from './staged-pairs.ts';

/** Each is a statement of `sql/`, or of those that both stores have, that gives a row for each violation. */
const CHECKS = [
  'membership-users',
  'membership-kinds',
  'membership-segments',
  'membership-datamarts',
  'identifier-kinds',
  'identifier-keys',
  'changes',
  'execution-rows',
  'webhook-rows',
  'segment-sizes',
  'sequences',
] as const;

/** `Store.checkContent`, as of one moment. What unique indexes see to needs no check. */
export function checkContent(db: PostgresDatabase, _now: number): Promise<readonly CheckResult[]> {
  return db.atOneMoment(async (sql) => {
    const results: CheckResult[] = [];
    for (const name of CHECKS) results.push({ name, ...(await violationsOf(sql, name)) });
    return results;
  });
}

async function violationsOf(sql: Sql, name: string): Promise<Omit<CheckResult, 'name'>> {
  const violating = statement(`check-${name}`, { quarter_ms: QUARTER_MS });
  const [row] = await sql.query(
    `with violating as materialized (${violating}) select
       (select count(*) from violating) as violations,
       (select string_agg(example, chr(10)) from (select example from violating limit ${MOST_EXAMPLES}) few) as examples`,
  );
  return {
    violations: Number(row?.violations),
    examples: row?.examples === null ? [] : String(row?.examples).split('\n'),
  };
}
