import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { pages } from '../api/paths.ts';
import { userChanges } from '../api/queries.ts';
import { formatInstant } from '../parts/formats.ts';
import { Instant } from '../parts/instant.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Part } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { WideTable } from '../parts/wide-table.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { Why } from './memberships.tsx';

/** What happened to the memberships of a user, the last change first. */
export function Changes({ selector }: { readonly selector: string }) {
  const dm = useDatamartId();
  const query = useQuery(userChanges(dm, selector));
  return (
    <Part title={t.users.changes}>
      <Loaded query={query}>
        {({ data, known_since }) => (
          <>
            <WideTable minWidth={560}>
              <Table fz="sm" verticalSpacing={4} aria-label={t.users.changes}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t.users.date}</Table.Th>
                    <Table.Th>{t.segments.segment}</Table.Th>
                    <Table.Th>{t.users.change}</Table.Th>
                    <Table.Th>{t.users.why}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {data.map((of, at) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: changes have no id, and are never put in another order
                    <Table.Tr key={at}>
                      <Table.Td>
                        <Instant instant={of.date} />
                      </Table.Td>
                      <Table.Td>
                        <PageLink to={pages.segment(dm, of.segment_id)}>{of.segment_name}</PageLink>
                      </Table.Td>
                      <Table.Td>{t.users.changeKinds[of.change]}</Table.Td>
                      <Table.Td>
                        <Why change={of} />
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </WideTable>
            <Text size="xs" c="dimmed">
              {t.users.known(formatInstant(known_since))}
            </Text>
          </>
        )}
      </Loaded>
    </Part>
  );
}
