import { type CheckResult, MOST_EXAMPLES } from '../../../model/check.ts';
import type { Sql } from '../../records/database.ts';
import { statement } from '../statements.ts';
import type { Checking } from './checking.ts';
import { checkSegmentSizes } from './segment-sizes.ts';

type Check = (checking: Checking) => Promise<CheckResult>;

/** Every check of what the store holds. One more is one more line, and its file. */
export const CHECKS: readonly Check[] = [
  byRange('membership-users'),
  byRange('membership-kinds'),
  byRange('membership-duplicates'),
  atOnce('membership-segments'),
  byRange('membership-datamarts'),
  byRange('identifier-kinds'),
  byRange('identifier-keys'),
  byRange('identifier-duplicates'),
  byRange('changes'),
  atOnce('execution-rows'),
  atOnce('webhook-rows'),
  checkSegmentSizes,
];

/** A check that is a statement of `sql/` which gives a row for each violation, for all keys. */
function atOnce(name: string): Check {
  return async ({ sql }) => {
    const found = await violationsOf(sql, statement(`check-${name}`));
    return { name, ...found };
  };
}

/** The same for one that is asked range by range. */
function byRange(name: string): Check {
  return async ({ sql, ranges }) => {
    let violations = 0;
    const examples: string[] = [];
    for (const range of ranges) {
      const found = await violationsOf(sql, statement(`check-${name}`, range));
      violations += found.violations;
      examples.push(...found.examples.slice(0, MOST_EXAMPLES - examples.length));
    }
    return { name, violations, examples };
  };
}

async function violationsOf(
  sql: Sql,
  violating: string,
): Promise<{ violations: number; examples: readonly string[] }> {
  const [row] = await sql.query(
    `with violating as materialized (${violating}) select
       (select count(*) from violating) as violations,
       (select string_agg(example, chr(10)) from (select example from violating limit ${MOST_EXAMPLES})) as examples`,
  );
  return {
    violations: Number(row?.violations),
    examples: row?.examples === null ? [] : String(row?.examples).split('\n'),
  };
}
