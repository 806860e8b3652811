import { Box } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import { segmentHistory } from '../api/queries.ts';
import { formatNumber } from '../parts/formats.ts';
import { t } from '../texts/texts.ts';

const Sparkline = lazy(() => import('./sparkline.tsx'));

/** A row that is only scrolled past asks for nothing. */
const REST_MS = 250;
const DAYS = 14;
const WIDTH_PX = 110;
const HEIGHT_PX = 24;

/** How a segment grew in the last two weeks, as a small line. */
export function Trend({ segmentId }: { readonly segmentId: string }) {
  const [isAtRest, setAtRest] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setAtRest(true), REST_MS);
    return () => clearTimeout(timer);
  }, []);
  const { data } = useQuery({
    ...segmentHistory(segmentId, { interval: 'day', days: DAYS }),
    enabled: isAtRest,
    staleTime: 5 * 60_000,
  });
  const sizes = data?.history.map(({ user_points_count }) => user_points_count) ?? [];
  const [first = 0, last = 0] = [sizes[0], sizes.at(-1)];
  return (
    <Box
      w={WIDTH_PX}
      h={HEIGHT_PX}
      role="img"
      aria-label={t.segments.trendOf(formatNumber(first), formatNumber(last))}
    >
      {data !== undefined && (
        <Suspense fallback={null}>
          <Sparkline sizes={sizes} />
        </Suspense>
      )}
    </Box>
  );
}
