import '@mantine/charts/styles.css';
import { AreaChart } from '@mantine/charts';
import { Text } from '@mantine/core';
import { formatClock, formatNumber, formatShort } from '../parts/formats.ts';
import { t } from '../texts/texts.ts';
import { type Metrics, rateBetween } from './metrics.ts';

/** Commands per second since the page was opened. */
export default function Throughput({ samples }: { readonly samples: readonly Metrics[] }) {
  const data = samples.slice(1).map((sample, at) => ({
    at: formatClock(sample.at),
    rate: Math.round(rateBetween(samples[at], sample)),
  }));
  if (data.length < 2) {
    return (
      <Text size="sm" c="dimmed" mih={140}>
        {t.now.measuring}
      </Text>
    );
  }
  return (
    <figure style={{ margin: 0 }} aria-label={t.now.throughputNow(formatNumber(data.at(-1)?.rate ?? 0))}>
      <AreaChart
        h={140}
        data={data}
        dataKey="at"
        series={[{ name: 'rate', label: t.now.rate, color: 'muster.6' }]}
        curveType="linear"
        withDots={false}
        gridAxis="x"
        valueFormatter={formatNumber}
        yAxisProps={{ tickFormatter: formatShort, width: 48, allowDecimals: false }}
        areaProps={{ isAnimationActive: false }}
      />
    </figure>
  );
}
