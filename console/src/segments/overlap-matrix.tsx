import '@mantine/charts/styles.css';
import { MatrixChart } from '@mantine/charts';
import { ScrollArea, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { pages } from '../api/paths.ts';
import { overlaps as overlapsQuery } from '../api/queries.ts';
import type { Overlaps } from '../api/types.ts';
import { formatNumber, formatShare } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';

const MOST_PAIRS = 100;

type Pair = { readonly one: string; readonly other: string; readonly shared: number };
type Names = ReadonlyMap<string, string>;

/** How many users segments have in common: as a heat map of shares, and as a table of numbers. */
export function OverlapMatrix({ ids, names }: { readonly ids: readonly string[]; readonly names: Names }) {
  const dm = useDatamartId();
  const query = useQuery({ ...overlapsQuery(dm, ids), placeholderData: (before) => before });
  if (ids.length < 2) return <Text size="sm">{t.overlaps.tooFew}</Text>;
  return (
    <Loaded query={query}>
      {(answer) => (
        <>
          <HeatMap answer={answer} names={names} />
          <PairsTable answer={answer} names={names} />
        </>
      )}
    </Loaded>
  );
}

function HeatMap({ answer, names }: { readonly answer: Overlaps; readonly names: Names }) {
  const sizes = new Map(answer.segments.map(({ segment_id, segment_size }) => [segment_id, segment_size]));
  const shared = new Map(
    answer.overlaps.flatMap(({ segment_source_id: a, segment_intersect_with: b, overlap_number }) => [
      [`${a}:${b}`, overlap_number] as const,
      [`${b}:${a}`, overlap_number] as const,
    ]),
  );
  const ids = [...sizes.keys()];
  const label = (id: string) => `${shorten(names.get(id) ?? id)} (${id})`;
  const share = (row: string, column: string) => {
    const size = sizes.get(row) ?? 0;
    if (row === column || size === 0) return null;
    return (shared.get(`${row}:${column}`) ?? 0) / size;
  };
  return (
    <ScrollArea viewportProps={{ tabIndex: 0 }}>
      <MatrixChart
        role="img"
        aria-label={t.overlaps.heatMap}
        data={ids.flatMap((row) =>
          ids.map((column) => ({ x: label(column), y: label(row), value: share(row, column) })),
        )}
        xLabels={ids.map(label)}
        yLabels={ids.map(label)}
        domain={[0, 1]}
        colors={['muster.0', 'muster.2', 'muster.4', 'muster.6', 'muster.9']}
        cellSize={Math.max(20, Math.min(56, Math.floor(560 / ids.length)))}
        yLabelsWidth={180}
        xLabelsHeight={150}
        withXLabels
        withYLabels
        withLegend
        legendLabels={[t.overlaps.none, t.overlaps.all]}
        withTooltip
        getTooltipLabel={({ x, y, value }) =>
          value === null ? x : t.overlaps.cell(formatShare(value, 1), y, x)
        }
      />
    </ScrollArea>
  );
}

function PairsTable({ answer, names }: { readonly answer: Overlaps; readonly names: Names }) {
  const dm = useDatamartId();
  const sizes = new Map(answer.segments.map(({ segment_id, segment_size }) => [segment_id, segment_size]));
  const pairs = answer.overlaps
    .map(
      ({ segment_source_id: one, segment_intersect_with: other, overlap_number: shared }): Pair => ({
        one,
        other,
        shared,
      }),
    )
    .filter(({ shared }) => shared > 0)
    .sort((a, b) => b.shared - a.shared);
  const link = (id: string) => <PageLink to={pages.segment(dm, id)}>{names.get(id) ?? id}</PageLink>;
  return (
    <Table fz="sm" mt="md" verticalSpacing={4} aria-label={t.overlaps.pairs}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t.overlaps.one}</Table.Th>
          <Table.Th>{t.overlaps.other}</Table.Th>
          <Table.Th ta="end">{t.overlaps.shared}</Table.Th>
          <Table.Th ta="end">{t.overlaps.ofOne}</Table.Th>
          <Table.Th ta="end">{t.overlaps.ofOther}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {pairs.slice(0, MOST_PAIRS).map(({ one, other, shared }) => (
          <Table.Tr key={`${one}:${other}`}>
            <Table.Td>{link(one)}</Table.Td>
            <Table.Td>{link(other)}</Table.Td>
            <Table.Td ta="end">{formatNumber(shared)}</Table.Td>
            <Table.Td ta="end">{formatShare(shared, sizes.get(one) ?? 0)}</Table.Td>
            <Table.Td ta="end">{formatShare(shared, sizes.get(other) ?? 0)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function shorten(name: string): string {
  return name.length > 20 ? `${name.slice(0, 19)}…` : name;
}
