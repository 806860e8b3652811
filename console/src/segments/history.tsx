import '@mantine/charts/styles.css';
import { AreaChart, BarChart } from '@mantine/charts';
import { SegmentedControl, SimpleGrid, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { segmentHistory } from '../api/queries.ts';
import type { SegmentHistory } from '../api/types.ts';
import { formatDay, formatHour, formatInstant, formatNumber, formatShort } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Part } from '../parts/page.tsx';
import { t } from '../texts/texts.ts';
import { sizesOf } from './sizes.ts';

const SPANS = {
  days2: { interval: 'hour', days: 2 },
  days30: { interval: 'day', days: 30 },
  days90: { interval: 'day', days: 90 },
} as const;
type Span = keyof typeof SPANS;

/** The size of a segment over time, with who came and who went. */
export function HistoryPart({ segmentId }: { readonly segmentId: string }) {
  const [span, setSpan] = useState<Span>('days2');
  const query = useQuery({ ...segmentHistory(segmentId, SPANS[span]), placeholderData: (before) => before });
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
      <Loaded query={query}>{(history) => <Charts history={history} />}</Loaded>
    </Part>
  );
}

function Charts({ history: of }: { readonly history: SegmentHistory }) {
  const { history, interval, known_since, time_zone } = of;
  const timeOf = interval === 'hour' ? formatHour : formatDay;
  const sizes = sizesOf(of).map(({ at, size }) => ({ at: timeOf(at), size }));
  const changes = history.map(({ from, entries, exits }) => ({
    at: timeOf(from),
    entries,
    // down, so that they are told from entries by more than their color
    exits: -exits,
  }));
  const sum = (key: 'entries' | 'exits') => history.reduce((total, bucket) => total + bucket[key], 0);
  const shared = { h: 220, dataKey: 'at', gridAxis: 'x', withTooltip: true } as const;
  return (
    <>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <figure style={{ margin: 0 }} aria-label={t.history.sizeIs(formatNumber(sizes.at(-1)?.size ?? 0))}>
          <AreaChart
            {...shared}
            data={sizes}
            series={[{ name: 'size', label: t.history.size, color: 'muster.6' }]}
            curveType="linear"
            withDots={false}
            valueFormatter={formatNumber}
            yAxisProps={{ tickFormatter: formatShort, width: 48 }}
          />
        </figure>
        <figure
          style={{ margin: 0 }}
          aria-label={t.history.changes(formatNumber(sum('entries')), formatNumber(sum('exits')))}
        >
          <BarChart
            {...shared}
            data={changes}
            type="stacked"
            maxBarWidth={40}
            series={[
              { name: 'entries', label: t.effects.entries, color: 'teal' },
              { name: 'exits', label: t.effects.exits, color: 'red' },
            ]}
            withLegend
            valueFormatter={(value) => formatNumber(Math.abs(value))}
            yAxisProps={{ tickFormatter: (value: number) => formatShort(Math.abs(value)), width: 48 }}
          />
        </figure>
      </SimpleGrid>
      <Text size="xs" c="dimmed">
        {t.history.changes(formatNumber(sum('entries')), formatNumber(sum('exits')))}{' '}
        {t.history.known(formatInstant(known_since), interval === 'hour' ? 'UTC' : time_zone)}
      </Text>
    </>
  );
}
