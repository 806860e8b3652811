import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { pages } from '../api/paths.ts';
import { segmentChanges } from '../api/queries.ts';
import { formatNumber } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Part } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { WideTable } from '../parts/wide-table.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { Difference } from './segment-sizes.tsx';

/** What an execution did, by segment. */
export function Effects({ path }: { readonly path: string }) {
  const dm = useDatamartId();
  const query = useQuery(segmentChanges(path));
  return (
    <Part title={t.effects.title}>
      <Loaded query={query} rows={2}>
        {({ segments }) =>
          segments.length === 0 ? (
            <Text size="sm" c="dimmed">
              {t.effects.none}
            </Text>
          ) : (
            <WideTable minWidth={480}>
              <Table fz="sm" maw={800} aria-label={t.effects.title}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t.segments.segment}</Table.Th>
                    <Table.Th ta="end">{t.effects.entries}</Table.Th>
                    <Table.Th ta="end">{t.effects.updates}</Table.Th>
                    <Table.Th ta="end">{t.effects.exits}</Table.Th>
                    <Table.Th ta="end">{t.sizes.difference}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {segments.map(({ segment_id, segment_name, entries, updates, exits }) => (
                    <Table.Tr key={segment_id}>
                      <Table.Td>
                        <PageLink to={pages.segment(dm, segment_id)}>{segment_name}</PageLink>
                      </Table.Td>
                      <Table.Td ta="end">{formatNumber(entries)}</Table.Td>
                      <Table.Td ta="end">{formatNumber(updates)}</Table.Td>
                      <Table.Td ta="end">{formatNumber(exits)}</Table.Td>
                      <Table.Td ta="end">
                        <Difference value={entries - exits} />
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </WideTable>
          )
        }
      </Loaded>
    </Part>
  );
}
