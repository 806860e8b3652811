import { Code, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { pageOfSource, pages } from '../api/paths.ts';
import { userChanges } from '../api/queries.ts';
import type { Membership, MembershipChange } from '../api/types.ts';
import { formatInstant } from '../parts/formats.ts';
import { TimeLeft } from '../parts/instant.tsx';
import { Part } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';

/** The live memberships of a user, each with the line that made it what it is. */
export function Memberships({
  memberships,
  selector,
}: {
  readonly memberships: readonly Membership[];
  readonly selector: string;
}) {
  const dm = useDatamartId();
  const { data: changes } = useQuery(userChanges(dm, selector));
  const whyOf = (segmentId: string) => changes?.data.find(({ segment_id }) => segment_id === segmentId);
  return (
    <Part title={t.users.memberships}>
      {memberships.length === 0 ? (
        <Text size="sm">{t.users.inNone}</Text>
      ) : (
        <Table.ScrollContainer minWidth={760} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table fz="sm" aria-label={t.users.memberships}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t.segments.segment}</Table.Th>
                <Table.Th>{t.members.since}</Table.Th>
                <Table.Th>{t.members.timeLeft}</Table.Th>
                <Table.Th>{t.preview.dataBag}</Table.Th>
                <Table.Th>{t.users.why}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {memberships.map((of) => (
                <Table.Tr key={of.segment_id}>
                  <Table.Td>
                    <PageLink to={pages.segment(dm, of.segment_id)}>{of.segment_name}</PageLink>
                  </Table.Td>
                  <Table.Td>{formatInstant(of.creation_ts)}</Table.Td>
                  <Table.Td>
                    <TimeLeft until={of.expiration_ts} />
                  </Table.Td>
                  <Table.Td>{of.data_bag !== null && <Code block>{pretty(of.data_bag)}</Code>}</Table.Td>
                  <Table.Td>
                    <Why change={whyOf(of.segment_id)} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Part>
  );
}

/** Which line of which file, or what else, made a change. */
export function Why({ change }: { readonly change: MembershipChange | undefined }) {
  const dm = useDatamartId();
  if (change === undefined) return <Text size="sm">{t.users.forgotten}</Text>;
  const page = pageOfSource(dm, change);
  const text = t.users.causes[change.cause ?? 'UNKNOWN'];
  if (page === null) return <Text size="sm">{text}</Text>;
  return (
    <>
      {text}{' '}
      <PageLink to={page} isInText>
        {change.input_file_name ?? t.executions.number(change.execution_id ?? '')}
      </PageLink>
      {change.line === null ? '' : t.users.atLine(change.line)}
    </>
  );
}

/** JSON over several lines; as it is when it cannot be read. */
export function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 1);
  } catch {
    return json;
  }
}
