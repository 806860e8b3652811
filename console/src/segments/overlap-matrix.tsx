import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { pages } from '../api/paths.ts';
import { overlaps as overlapsQuery } from '../api/queries.ts';
import type { Overlaps } from '../api/types.ts';
import { formatNumber, formatShare } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { WideTable } from '../parts/wide-table.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { HeatMap } from './heat-map.tsx';

const MOST_PAIRS = 100;

type Pair = { readonly one: string; readonly other: string; readonly shared: number };
type Names = ReadonlyMap<string, string>;

/** How many users segments have in common: as a heat map of shares, and as a table of numbers. */
export function OverlapMatrix({ ids, names }: { readonly ids: readonly string[]; readonly names: Names }) {
  const dm = useDatamartId();
  const query = useQuery({ ...overlapsQuery(dm, ids), placeholderData: (before) => before });
  // two segments may have one name
  const nameOf = (id: string) => {
    const name = names.get(id) ?? id;
    return ids.some((other) => other !== id && names.get(other) === name) ? `${name} (${id})` : name;
  };
  if (ids.length < 2) return <Text size="sm">{t.overlaps.tooFew}</Text>;
  return (
    <Loaded query={query}>
      {(answer) => (
        <>
          <HeatMap answer={answer} nameOf={nameOf} />
          <PairsTable answer={answer} names={names} />
        </>
      )}
    </Loaded>
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
    <WideTable minWidth={560}>
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
    </WideTable>
  );
}
