import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { pages } from '../api/paths.ts';
import { segments as segmentsQuery } from '../api/queries.ts';
import type { Execution } from '../api/types.ts';
import { formatNumber } from '../parts/formats.ts';
import { Part } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { WideTable } from '../parts/wide-table.tsx';
import { t } from '../texts/texts.ts';

/** The sizes of segments before and after, of a dry run and of a replacement. */
export function SegmentSizes({ execution }: { readonly execution: Execution }) {
  const { result, parameters, dry_run: isDry } = execution;
  const dm = String(parameters.datamart_id);
  const { data: known = [] } = useQuery(segmentsQuery(dm));
  const names = new Map(known.map(({ id, name }) => [id, name]));
  if (result.segments === undefined) return null;
  return (
    <Part title={isDry === true ? t.sizes.wouldBe : t.sizes.are}>
      {result.segments.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t.sizes.none}
        </Text>
      ) : (
        <WideTable minWidth={420}>
          <Table fz="sm" maw={720} aria-label={isDry === true ? t.sizes.wouldBe : t.sizes.are}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t.segments.segment}</Table.Th>
                <Table.Th ta="end">{t.sizes.before}</Table.Th>
                <Table.Th ta="end">{t.sizes.after}</Table.Th>
                <Table.Th ta="end">{t.sizes.difference}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {result.segments.map(({ segment_id, technical_name, size_before, size_after }) => (
                <Table.Tr key={segment_id ?? technical_name}>
                  <Table.Td>
                    {segment_id === null ? (
                      t.sizes.wouldBeMade(technical_name ?? '')
                    ) : (
                      <PageLink to={pages.segment(dm, segment_id)}>
                        {names.get(segment_id) ?? segment_id}
                      </PageLink>
                    )}
                  </Table.Td>
                  <Table.Td ta="end">{formatNumber(size_before)}</Table.Td>
                  <Table.Td ta="end">{formatNumber(size_after)}</Table.Td>
                  <Table.Td ta="end">
                    <Difference value={size_after - size_before} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </WideTable>
      )}
    </Part>
  );
}

/** A difference with its sign. */
export function Difference({ value }: { readonly value: number }) {
  const color =
    value > 0 ? 'var(--mantine-color-teal-text)' : value < 0 ? 'var(--mantine-color-red-text)' : undefined;
  return (
    <Text span size="sm" {...(color ? { c: color } : {})}>
      {value > 0 ? '+' : value < 0 ? '−' : ''}
      {formatNumber(Math.abs(value))}
    </Text>
  );
}
