import { Text } from '@mantine/core';
import { useMemo } from 'react';
import { pages } from '../api/paths.ts';
import type { Activity } from '../api/types.ts';
import { Difference } from '../executions/segment-sizes.tsx';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { formatNumber, formatShare } from '../parts/formats.ts';
import { PageLink } from '../parts/page-link.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';

const MAX_SEGMENTS = 10;

type Changed = Activity['segments'][number];

/**
 * The segments that lost the greatest share of their members; what came in for them is counted
 * against it.
 */
export function ShrunkSegments({ activity }: { readonly activity: Activity }) {
  const dm = useDatamartId();
  const columns = useMemo(() => columnsFor(dm), [dm]);
  const shrunk = activity.segments.filter((of) => of.user_points_count < of.user_points_count_before);
  if (shrunk.length === 0) return <Text size="sm">{t.home.noneShrunk}</Text>;
  return (
    <DataTable
      label={t.home.shrunk}
      rows={shrunk.slice(0, MAX_SEGMENTS)}
      columns={columns}
      keyOf={({ segment_id }) => segment_id}
    />
  );
}

function columnsFor(dm: string): readonly Column<Changed>[] {
  return [
    {
      id: 'segment',
      header: t.segments.segment,
      cell: (of) => <PageLink to={pages.segment(dm, of.segment_id)}>{of.segment_name}</PageLink>,
    },
    {
      id: 'before',
      header: t.sizes.before,
      width: 120,
      isNumber: true,
      cell: (of) => formatNumber(of.user_points_count_before),
    },
    {
      id: 'now',
      header: t.sizes.now,
      width: 120,
      isNumber: true,
      cell: (of) => formatNumber(of.user_points_count),
    },
    {
      id: 'difference',
      header: t.sizes.difference,
      width: 120,
      isNumber: true,
      cell: (of) => <Difference value={of.user_points_count - of.user_points_count_before} />,
    },
    {
      id: 'share',
      header: t.sizes.lost,
      width: 90,
      isNumber: true,
      cell: (of) =>
        formatShare(of.user_points_count_before - of.user_points_count, of.user_points_count_before),
    },
  ];
}
