import { type CheckResult, MOST_EXAMPLES } from '../../model/check.ts';
import { QUARTER_MS } from '../../model/history.ts';
import type { Sql } from '../records/database.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import { statement } from './staged-pairs.ts';

/**
 * Each is a statement of `sql/`, or of those that both stores have, that gives a row for each
 * violation.
 */
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

/**
 * The tables of identifiers, with the column of the key: each is checked by itself, which Citus
 * does on the shards.
 */
const IDENTIFIERS = [
  { identifiers: 'user_point', key: 'user_point_id' },
  { identifiers: 'attached_identifier', key: 'identifier_key' },
];

async function violationsOf(sql: Sql, name: (typeof CHECKS)[number]): Promise<Omit<CheckResult, 'name'>> {
  let violations = 0;
  const examples: string[] = [];
  for (const table of name === 'identifier-keys' ? IDENTIFIERS : [{}]) {
    const found = await violating(sql, statement(`check-${name}`, { ...table, quarter_ms: QUARTER_MS }));
    violations += found.violations;
    examples.push(...found.examples);
  }
  return { violations, examples: examples.slice(0, MOST_EXAMPLES) };
}

async function violating(sql: Sql, check: string): Promise<Omit<CheckResult, 'name'>> {
  const [row] = await sql.query(
    `with violating as materialized (${check}) select
       (select count(*) from violating) as violations,
       (select string_agg(example, chr(10)) from (select example from violating limit ${MOST_EXAMPLES}) few) as examples`,
  );
  return {
    violations: Number(row?.violations),
    examples: row?.examples === null ? [] : String(row?.examples).split('\n'),
  };
}
