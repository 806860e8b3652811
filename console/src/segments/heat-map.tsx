import { Group, Text, useComputedColorScheme } from '@mantine/core';
import type { Overlaps } from '../api/types.ts';
import { formatShare } from '../parts/formats.ts';
import { WideTable } from '../parts/wide-table.tsx';
import { t } from '../texts/texts.ts';
import { orderBySimilarity } from './similarity.ts';

const NAMES_PX = 160;
const CELL_PX = 52;
/** From this share on a cell is so dark on a light page that its text has to be light. */
const DARK_SHARE = 0.85;

/**
 * Shares of segments that are in others: each cell says its number, and its color is the deeper the
 * more it is.
 */
export function HeatMap({
  answer,
  nameOf,
}: {
  readonly answer: Overlaps;
  readonly nameOf: (id: string) => string;
}) {
  const sizes = new Map(answer.segments.map(({ segment_id, segment_size }) => [segment_id, segment_size]));
  const shared = new Map(
    answer.overlaps.flatMap(({ segment_source_id: a, segment_intersect_with: b, overlap_number }) => [
      [`${a}:${b}`, overlap_number] as const,
      [`${b}:${a}`, overlap_number] as const,
    ]),
  );
  const ids = orderBySimilarity(answer);
  return (
    <>
      <WideTable minWidth={0}>
        <table
          className="heat-map"
          aria-label={t.overlaps.heatMap}
          style={{ borderCollapse: 'separate', borderSpacing: 2, tableLayout: 'fixed', width: 0 }}
        >
          <thead>
            <tr>
              <td style={{ width: NAMES_PX }} />
              {ids.map((id) => (
                <th key={id} scope="col" className="upright" style={{ width: CELL_PX }}>
                  <Text span size="sm" title={nameOf(id)}>
                    {nameOf(id)}
                  </Text>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {ids.map((row) => (
              <tr key={row}>
                <th scope="row" style={{ textAlign: 'end' }}>
                  <Text size="sm" truncate title={nameOf(row)} pe={6}>
                    {nameOf(row)}
                  </Text>
                </th>
                {ids.map((column) => (
                  <Cell
                    key={column}
                    part={row === column ? null : (shared.get(`${row}:${column}`) ?? 0)}
                    whole={sizes.get(row) ?? 0}
                    textOf={(share) => t.overlaps.cell(share, nameOf(row), nameOf(column))}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </WideTable>
      <Legend />
    </>
  );
}

function Cell({
  part,
  whole,
  textOf,
}: {
  /** Null: of a segment with itself. */
  readonly part: number | null;
  readonly whole: number;
  readonly textOf: (share: string) => string;
}) {
  const isDark = useComputedColorScheme('light') === 'dark';
  const isNone = part === null || part === 0 || whole === 0;
  const share = isNone ? 0 : part / whole;
  const written = part === null ? '' : formatShare(part, whole);
  return (
    <td
      title={part === null ? undefined : textOf(written)}
      data-share={part === null ? undefined : share}
      style={{
        height: 34,
        textAlign: 'center',
        borderRadius: 3,
        fontSize: 'var(--mantine-font-size-xs)',
        color: isNone ? 'var(--mantine-color-dimmed)' : share > DARK_SHARE || isDark ? 'white' : 'black',
        background: part === null ? HATCHED : isNone ? 'transparent' : colorOf(share),
        // what has nothing in common is told from a page without anything by its frame
        boxShadow: 'inset 0 0 0 1px var(--mantine-color-default-border)',
      }}
    >
      {written}
    </td>
  );
}

const HATCHED =
  'repeating-linear-gradient(45deg, transparent 0 5px, var(--mantine-color-default-border) 5px 6px)';

/**
 * From the color of the page, light or dark, to that of the product; the least share can be seen.
 */
function colorOf(share: number): string {
  const percent = Math.round(12 + share * 88);
  return `color-mix(in srgb, var(--mantine-color-muster-8) ${percent}%, var(--mantine-color-body))`;
}

function Legend() {
  return (
    <Group gap={6} aria-hidden>
      <Text size="xs" c="dimmed">
        {t.overlaps.heatMap}
      </Text>
      <Text size="xs" c="dimmed">
        {t.overlaps.little}
      </Text>
      <div
        style={{
          width: 120,
          height: 10,
          borderRadius: 3,
          background: `linear-gradient(to right, ${colorOf(0)}, ${colorOf(1)})`,
        }}
      />
      <Text size="xs" c="dimmed">
        {t.overlaps.all}
      </Text>
    </Group>
  );
}
