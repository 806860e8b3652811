import '@mantine/charts/styles.css';
import { SegmentedControl, SimpleGrid, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { segmentHistory, segmentRuns } from '../api/queries.ts';
import type { ExecutionChanges, SegmentHistory } from '../api/types.ts';
import { formatInstant, formatNumber } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Part } from '../parts/page.tsx';
import { Problem } from '../parts/problem.tsx';
import { t } from '../texts/texts.ts';
import { ChangesChart } from './changes-chart.tsx';
import { SizeChart } from './size-chart.tsx';
import { sizeStepsOf, stepsFrom } from './size-steps.ts';

const HOUR_MS = 3_600_000;
const SPANS = {
  hours2: { interval: 'hour', hours: 2 },
  days2: { interval: 'hour', hours: 48 },
  days30: { interval: 'day', hours: 30 * 24 },
  days90: { interval: 'day', hours: 90 * 24 },
} as const;
type Span = keyof typeof SPANS;

/** The size of a segment over time, with who came and who went. */
export function HistoryPart({ segmentId }: { readonly segmentId: string }) {
  const [chosen, setSpan] = useState<Span | null>(null);
  const { data: first } = useQuery(segmentHistory(segmentId, SPANS.days2));
  // all that a new service knows would be a line of one pixel in two days
  const isNew = first !== undefined && first.known_since > first.date - SPANS.hours2.hours * HOUR_MS;
  const span = chosen ?? (isNew ? 'hours2' : 'days2');
  const query = useQuery(segmentHistory(segmentId, SPANS[span]));
  const runs = useQuery(segmentRuns(segmentId));
  return (
    <Part
      title={t.history.title}
      actions={
        <SegmentedControl
          size="xs"
          aria-label={t.history.span}
          data={(Object.keys(SPANS) as Span[]).map((value) => ({ value, label: t.history.spans[value] }))}
          value={span}
          onChange={(value) => setSpan(value as Span)}
        />
      }
    >
      {runs.error !== null && <Problem error={runs.error} onRetry={runs.refetch} />}
      <Loaded query={query}>
        {(history) => (
          <Charts
            history={history}
            hours={SPANS[span].hours}
            runs={runs.data?.data ?? []}
            segmentId={segmentId}
          />
        )}
      </Loaded>
    </Part>
  );
}

function Charts(of: {
  readonly history: SegmentHistory;
  readonly hours: number;
  readonly runs: readonly ExecutionChanges[];
  readonly segmentId: string;
}) {
  const { history, hours, runs, segmentId } = of;
  const { date, known_since, time_zone, interval } = history;
  const axis = { from: date - hours * HOUR_MS, to: date };
  const steps = stepsFrom(axis.from, sizeStepsOf(history, runs));
  const sum = (key: 'entries' | 'exits') => history.history.reduce((total, bucket) => total + bucket[key], 0);
  const changes = t.history.changes(formatNumber(sum('entries')), formatNumber(sum('exits')));
  return (
    <>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <SizeChart steps={steps} axis={axis} segmentId={segmentId} />
        <ChangesChart history={history.history} axis={axis} text={changes} />
      </SimpleGrid>
      <Text size="xs" c="dimmed">
        {changes} {t.history.known(formatInstant(known_since))}
        {interval === 'day' ? ` ${t.history.days(time_zone)}` : ''}
      </Text>
    </>
  );
}
