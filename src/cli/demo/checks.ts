import type { ApiSegment } from '../api.ts';
import type { User } from '../commands/lookup.ts';
import type { Outcome } from '../import/import-file.ts';
import type { BadLine } from './files.ts';
import type { Customer, SegmentName } from './shop.ts';

/** The demo against its own purchases. Each check gives what is wrong, as sentences. */

export function checkImport(
  { file, execution, error, errorFile }: Outcome,
  expected: { applied: number; bad: readonly BadLine[] },
): string[] {
  if (error !== null) return [`${file}: ${error.text}`];
  const result = execution?.result;
  const problems = [
    differ(`${file}: applied lines`, result?.total_success, expected.applied),
    differ(`${file}: failed lines`, result?.total_failure, expected.bad.length),
    ...[...countCodes(expected.bad)].map(([code, count]) =>
      differ(`${file}: lines failed with ${code}`, result?.failures_by_code[code], count),
    ),
    errorFile === null ? `${file}: there is no error file` : null,
  ];
  return problems.filter((problem) => problem !== null);
}

export function checkSizes(
  segments: readonly ApiSegment[],
  expected: ReadonlyMap<SegmentName, number>,
): string[] {
  const sizes = new Map(segments.map((segment) => [segment.technical_name, segment.user_points_count]));
  const problems = [...expected].map(([name, size]) => differ(`members of ${name}`, sizes.get(name), size));
  return problems.filter((problem) => problem !== null);
}

/** The customer's data bag among the repeat buyers holds what the purchases add up to. */
export function checkMember(user: User, customer: Customer): string[] {
  const bag = user.user_segments.find((m) => m.segment_technical_name === 'repeat-buyers')?.data_bag;
  const expected = { orders: customer.orders, total: customer.cents / 100 };
  const { orders, total } = JSON.parse(bag ?? '{}') as { orders?: number; total?: number };
  const problems = [
    differ(`orders of customer ${customer.id}`, orders, expected.orders),
    differ(`dollars of customer ${customer.id}`, total, expected.total),
  ];
  return problems.filter((problem) => problem !== null);
}

function countCodes(bad: readonly BadLine[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { code } of bad) counts.set(code, (counts.get(code) ?? 0) + 1);
  return counts;
}

function differ(what: string, got: number | undefined, expected: number): string | null {
  return got === expected ? null : `${what}: expected ${expected}, got ${got ?? 'none'}`;
}
