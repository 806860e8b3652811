import { Alert, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { segments as segmentsQuery } from '../api/queries.ts';
import type { Execution } from '../api/types.ts';
import { formatNumber, formatShare } from '../parts/formats.ts';
import { t } from '../texts/texts.ts';
import { GREAT_LOSS, lostBy } from './losses.ts';

const MAX_NAMED = 3;

/** The first thing to be known of a replacement: who left, and which segments. */
export function WhoLeft({ execution }: { readonly execution: Execution }) {
  const { parameters, result, dry_run: isDry, status } = execution;
  const { data: known = [] } = useQuery(segmentsQuery(String(parameters.datamart_id)));
  const left = result.memberships_left ?? 0;
  if (status !== 'SUCCEEDED' || isDry === true || parameters.mode !== 'replace' || left === 0) return null;
  const losses = (result.segments ?? [])
    .map((segment) => {
      const { segment_id: id, size_before: before, size_after: after } = segment;
      const name = known.find((each) => each.id === id)?.name ?? `#${id}`;
      return { id, name, before, after, lost: lostBy(segment) };
    })
    .filter(({ lost }) => lost > 0)
    .sort((one, other) => other.lost - one.lost);
  const isGreat = losses.some(({ lost, before }) => lost / before >= GREAT_LOSS);
  return (
    <Alert color={isGreat ? 'red' : 'gray'} variant="light" title={t.executions.left(formatNumber(left))}>
      {losses.slice(0, MAX_NAMED).map(({ id, name, before, after, lost }) => (
        <Text key={id} size="sm">
          {t.executions.lost(name, {
            before: formatNumber(before),
            after: formatNumber(after),
            share: formatShare(lost, before),
          })}
        </Text>
      ))}
    </Alert>
  );
}
