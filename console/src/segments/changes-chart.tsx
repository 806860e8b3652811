import { BarChart } from '@mantine/charts';
import { type BarShapeProps, usePlotArea } from 'recharts';
import type { HistoryBucket } from '../api/types.ts';
import { formatInstant, formatNumber, formatShort } from '../parts/formats.ts';
import { t } from '../texts/texts.ts';
import { type TimeAxis, timeAxisProps } from './time-axis.ts';

/** The part of its hour or day that a bar takes. */
const BAR_SHARE = 0.8;
const LEAST_BAR_PX = 2;

/** Who came into a segment, above the line of zero, and who went out, below it. */
export function ChangesChart({
  history,
  axis,
  text,
}: {
  readonly history: readonly HistoryBucket[];
  readonly axis: TimeAxis;
  readonly text: string;
}) {
  const shown = history.filter(({ to }) => to > axis.from);
  const changes = shown.map(({ from, to, entries, exits }) => ({
    at: (Math.max(from, axis.from) + to) / 2,
    from,
    ms: to - Math.max(from, axis.from),
    entries,
    exits: -exits,
  }));
  const startOf = new Map(changes.map(({ at, from }) => [at, from]));
  return (
    <figure style={{ margin: 0 }} aria-label={text}>
      <BarChart
        h={220}
        dataKey="at"
        gridAxis="x"
        data={changes}
        type="stacked"
        // without it a negative value would be drawn down from the top of the positive one
        barChartProps={{ stackOffset: 'sign' }}
        barProps={{
          barSize: 1,
          shape: (bar: BarShapeProps) => <Bar bar={bar} axis={axis} />,
        }}
        series={[
          { name: 'entries', label: t.effects.entries, color: 'teal.6' },
          { name: 'exits', label: t.effects.exits, color: 'red.6' },
        ]}
        withLegend
        valueFormatter={(value) => formatNumber(Math.abs(value))}
        referenceLines={[{ y: 0, color: 'gray.6' }]}
        xAxisProps={timeAxisProps(axis)}
        yAxisProps={{
          tickFormatter: (value: number) => formatShort(Math.abs(value)),
          width: 48,
          allowDecimals: false,
        }}
        tooltipProps={{
          labelFormatter: (at) => formatInstant(startOf.get(Number(at)) ?? Number(at)),
        }}
      />
    </figure>
  );
}

/**
 * A bar as wide as its hour or day is on the axis: the library knows widths of categories alone,
 * not of times.
 */
function Bar({ bar, axis }: { readonly bar: BarShapeProps; readonly axis: TimeAxis }) {
  const plot = usePlotArea();
  if (plot === undefined || bar.height === 0) return null;
  const { ms } = bar.payload as { readonly ms: number };
  const width = Math.max(LEAST_BAR_PX, ((plot.width * ms) / (axis.to - axis.from)) * BAR_SHARE);
  const center = bar.x + bar.width / 2;
  const height = Math.abs(bar.height);
  return (
    <rect
      data-value={Array.isArray(bar.value) ? bar.value[1] - bar.value[0] : bar.value}
      x={center - width / 2}
      y={bar.height < 0 ? bar.y + bar.height : bar.y}
      width={width}
      height={height}
      fill={bar.fill}
      fillOpacity={bar.fillOpacity}
    />
  );
}
