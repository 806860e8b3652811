import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { segments as segmentsQuery } from '../api/queries.ts';
import { Loaded } from '../parts/loaded.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { OverlapMatrix } from './overlap-matrix.tsx';

const MOST_OTHERS = 11;

/** What a segment shares with the largest of the others. */
export function OverlapsOf({ segmentId }: { readonly segmentId: string }) {
  const query = useQuery(segmentsQuery(useDatamartId()));
  const names = useMemo(() => new Map(query.data?.map(({ id, name }) => [id, name])), [query.data]);
  const ids = useMemo(() => {
    const others = (query.data ?? [])
      .filter(({ id, user_points_count }) => id !== segmentId && user_points_count > 0)
      .sort((one, other) => other.user_points_count - one.user_points_count);
    return [segmentId, ...others.slice(0, MOST_OTHERS).map(({ id }) => id)];
  }, [query.data, segmentId]);
  return <Loaded query={query}>{() => <OverlapMatrix ids={ids} names={names} />}</Loaded>;
}
