import { ColorSwatch, Group, Text, Tooltip } from '@mantine/core';
import type { Activity } from '../api/types.ts';
import { formatInstant, formatNumber, formatShort, formatTime } from '../parts/formats.ts';
import { t } from '../texts/texts.ts';

type Hour = Activity['hours'][number];

const HEIGHT_PX = 140;
/** Every so many hours one is named below its bar. */
const NAMED_HOURS = 4;
/** As wide a name is on a phone. */
const NAME_BARS = 3;
const APPLIED = 'var(--mantine-color-teal-6)';
const FAILED = 'var(--mantine-color-orange-6)';

/**
 * Lines by hour, as the service has counted them. By hand, since two dozen bars are on the first
 * screen, and the chart library is as large as the rest of it.
 */
export function LinesChart({ activity: { hours } }: { readonly activity: Activity }) {
  const sum = (of: 'lines_applied' | 'lines_failed') => hours.reduce((lines, hour) => lines + hour[of], 0);
  const most = Math.max(1, ...hours.map((hour) => hour.lines_applied + hour.lines_failed));
  return (
    <figure
      style={{ margin: 0 }}
      aria-label={t.home.chart(formatNumber(sum('lines_applied')), formatNumber(sum('lines_failed')))}
    >
      <Group justify="space-between" mb={4}>
        <Text size="xs" c="dimmed">
          {formatShort(most)}
        </Text>
        <Group gap="md">
          <LegendEntry color={APPLIED} text={t.counts.applied} />
          <LegendEntry color={FAILED} text={t.counts.failed} />
        </Group>
      </Group>
      <div className="hours" style={{ height: HEIGHT_PX }}>
        {hours.map((hour) => (
          <Bar key={hour.from} hour={hour} most={most} />
        ))}
      </div>
      <div className="hours" aria-hidden>
        {hours.map(({ from }, at) => (
          <Text key={from} size="xs" c="dimmed" className="hour-name">
            {at % NAMED_HOURS === 0 && hours.length - at >= NAME_BARS ? formatTime(from) : ''}
          </Text>
        ))}
      </div>
    </figure>
  );
}

function Bar({ hour, most }: { readonly hour: Hour; readonly most: number }) {
  const { from, lines_applied: applied, lines_failed: failed } = hour;
  // what is not nothing is seen
  const heightOf = (lines: number) => (lines === 0 ? 0 : `max(2px, ${(lines * 100) / most}%)`);
  return (
    <Tooltip label={t.home.hour(formatInstant(from), formatNumber(applied), formatNumber(failed))}>
      <div>
        <div style={{ height: heightOf(failed), background: FAILED }} data-lines={failed} />
        <div style={{ height: heightOf(applied), background: APPLIED }} data-lines={applied} />
      </div>
    </Tooltip>
  );
}

function LegendEntry({ color, text }: { readonly color: string; readonly text: string }) {
  return (
    <Group gap={6}>
      <ColorSwatch color={color} size={10} withShadow={false} />
      <Text size="xs">{text}</Text>
    </Group>
  );
}
