import { AreaChart } from '@mantine/charts';
import { useXAxisScale, useYAxisScale, ZIndexLayer } from 'recharts';
import { useLocation } from 'wouter';
import { pageOfSource } from '../api/paths.ts';
import type { ExecutionChanges } from '../api/types.ts';
import { nameOfChange } from '../executions/name-of-change.ts';
import { formatInstant, formatNumber, formatShort } from '../parts/formats.ts';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import type { SizeStep } from './size-steps.ts';
import { type TimeAxis, timeAxisProps } from './time-axis.ts';

/** More marks than this are no help; those that changed most are shown. */
const MOST_MARKS = 40;
const MARK_PX = 4.5;
/** Above the lines of the library, which would take the clicks. */
const ABOVE_LINES = 650;

/**
 * The size of a segment as steps, with a mark at each execution that changed it, which leads to the
 * execution.
 */
export function SizeChart({
  steps,
  axis,
  segmentId,
}: {
  readonly steps: readonly SizeStep[];
  readonly axis: TimeAxis;
  readonly segmentId: string;
}) {
  const last = steps.at(-1)?.size ?? 0;
  return (
    <figure style={{ margin: 0 }} aria-label={t.history.sizeIs(formatNumber(last))}>
      <AreaChart
        h={220}
        dataKey="at"
        gridAxis="x"
        data={steps.map(({ at, size }) => ({ at, size }))}
        series={[{ name: 'size', label: t.history.size, color: 'muster.6' }]}
        curveType="stepAfter"
        withDots={false}
        valueFormatter={formatNumber}
        xAxisProps={timeAxisProps(axis)}
        yAxisProps={{ tickFormatter: formatShort, width: 48, allowDecimals: false }}
        tooltipProps={{ labelFormatter: (at) => formatInstant(Number(at)) }}
        // the marks take the focus instead
        accessibilityLayer={false}
      >
        <Marks marks={marksOf(steps)} segmentId={segmentId} />
      </AreaChart>
    </figure>
  );
}

type Mark = SizeStep & { readonly run: ExecutionChanges };

function marksOf(steps: readonly SizeStep[]): readonly Mark[] {
  return steps
    .flatMap((step) => (step.run === null ? [] : [{ ...step, run: step.run }]))
    .sort((one, other) => weightOf(other.run) - weightOf(one.run))
    .slice(0, MOST_MARKS)
    .sort((one, other) => one.at - other.at);
}

function weightOf({ entries, exits }: ExecutionChanges): number {
  return entries + exits;
}

/** Drawn within the chart, whose scales it uses. */
function Marks({ marks, segmentId }: { readonly marks: readonly Mark[]; readonly segmentId: string }) {
  const xOf = useXAxisScale();
  const yOf = useYAxisScale();
  const dm = useDatamartId();
  if (xOf === undefined || yOf === undefined) return null;
  return (
    <ZIndexLayer zIndex={ABOVE_LINES}>
      {marks.map(({ at, size, run }) => (
        <MarkLink
          key={`${run.execution_id}-${at}`}
          to={pageOfSource(dm, { ...run, segment_id: segmentId })}
          text={t.history.mark(nameOfChange(run), {
            entries: formatNumber(run.entries),
            exits: formatNumber(run.exits),
            size: formatNumber(size),
          })}
          x={xOf(at) ?? 0}
          y={yOf(size) ?? 0}
          isLoss={run.exits > run.entries}
        />
      ))}
    </ZIndexLayer>
  );
}

function MarkLink(of: {
  readonly to: string | null;
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly isLoss: boolean;
}) {
  const { to, text, x, y, isLoss } = of;
  const [, navigate] = useLocation();
  const dot = (
    <circle
      cx={x}
      cy={y}
      r={MARK_PX}
      fill={isLoss ? 'var(--mantine-color-red-6)' : 'var(--mantine-color-teal-6)'}
      stroke="var(--mantine-color-body)"
      strokeWidth={1.5}
    >
      <title>{text}</title>
    </circle>
  );
  if (to === null) return dot;
  return (
    <a
      href={to}
      aria-label={text}
      onClick={(event) => {
        // as any link: with a key held it opens elsewhere
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        navigate(`~${to}`);
      }}
    >
      {dot}
    </a>
  );
}
