import { Box, Button, Code, Group, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { pages } from '../api/paths.ts';
import { members as membersQuery } from '../api/queries.ts';
import type { Member } from '../api/types.ts';
import { formatNumber } from '../parts/formats.ts';
import { Instant, TimeLeft } from '../parts/instant.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { IdentifierText } from '../users/identifier-text.tsx';

/** The members of a segment, page by page in the order of the store. */
export function Members({ segmentId }: { readonly segmentId: string }) {
  /** Where each page up to this one begins. */
  const [starts, setStarts] = useState<readonly (string | null)[]>([null]);
  const query = useQuery({
    ...membersQuery(segmentId, starts.at(-1) ?? null),
    placeholderData: (before) => before,
  });
  return (
    <Loaded query={query}>
      {({ data, total, after }) =>
        total === 0 ? (
          <Text size="sm" c="dimmed">
            {t.members.none}
          </Text>
        ) : (
          <Box aria-busy={query.isPlaceholderData} opacity={query.isPlaceholderData ? 0.5 : 1}>
            <MembersTable members={data} />
            <Group mt="sm">
              <Button
                size="xs"
                variant="default"
                disabled={starts.length === 1}
                onClick={() => setStarts(starts.slice(0, -1))}
              >
                {t.members.before}
              </Button>
              <Button
                size="xs"
                variant="default"
                disabled={after === null}
                onClick={() => setStarts([...starts, after])}
              >
                {t.members.next}
              </Button>
              <Text size="sm" c="dimmed" role="status">
                {t.members.page(formatNumber(starts.length), formatNumber(total))}
              </Text>
            </Group>
          </Box>
        )
      }
    </Loaded>
  );
}

function MembersTable({ members }: { readonly members: readonly Member[] }) {
  const dm = useDatamartId();
  return (
    <Table.ScrollContainer minWidth={720} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table fz="sm" verticalSpacing={4} aria-label={t.segments.tabs.members}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t.members.user}</Table.Th>
            <Table.Th>{t.members.identifiers}</Table.Th>
            <Table.Th>{t.members.since}</Table.Th>
            <Table.Th>{t.members.timeLeft}</Table.Th>
            <Table.Th>{t.preview.dataBag}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {members.map((of) => (
            <Table.Tr key={of.user_point_id}>
              <Table.Td>
                <PageLink to={pages.users(dm, `user_point_id=${of.user_point_id}`)}>
                  {of.user_point_id.slice(0, 8)}…
                </PageLink>
              </Table.Td>
              <Table.Td>
                {of.user_identifiers.map((identifier) => (
                  <IdentifierText key={JSON.stringify(identifier)} identifier={identifier} />
                ))}
              </Table.Td>
              <Table.Td>
                <Instant instant={of.creation_ts} />
              </Table.Td>
              <Table.Td>
                <TimeLeft until={of.expiration_ts} />
              </Table.Td>
              <Table.Td>{of.data_bag !== null && <Code>{of.data_bag.slice(0, 80)}</Code>}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
