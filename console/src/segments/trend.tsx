import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import { segmentTrend } from '../api/queries.ts';
import { formatNumber } from '../parts/formats.ts';
import { t } from '../texts/texts.ts';
import { sizesOf } from './sizes.ts';

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
  return (
    <div style={{ width: WIDTH_PX, height: HEIGHT_PX }}>
      {isAtRest && <TrendLine segmentId={segmentId} />}
    </div>
  );
}

function TrendLine({ segmentId }: { readonly segmentId: string }) {
  const { data } = useQuery(segmentTrend(segmentId, DAYS));
  if (data === undefined) return null;
  const known = sizesOf(data).map(({ size }) => size);
  // what is not known takes its place too: all lines of the list are of the same time
  const sizes = [...Array.from({ length: Math.max(0, DAYS + 2 - known.length) }, () => null), ...known];
  const text = t.segments.trendOf(formatNumber(known[0] ?? 0), formatNumber(known.at(-1) ?? 0));
  return (
    <div role="img" aria-label={text}>
      <Suspense fallback={null}>
        <Sparkline sizes={sizes} />
      </Suspense>
    </div>
  );
}
