import { Code, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { pageOfSource, pages } from '../api/paths.ts';
import { userOrigins } from '../api/queries.ts';
import type { Membership, MembershipChange, MembershipOrigin } from '../api/types.ts';
import { Instant, TimeLeft } from '../parts/instant.tsx';
import { Part } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';

/** The live memberships of a user, each with what put them in and what made it what it is. */
export function Memberships({
  memberships,
  selector,
}: {
  readonly memberships: readonly Membership[];
  readonly selector: string;
}) {
  const dm = useDatamartId();
  const { data: origins } = useQuery(userOrigins(dm, selector));
  const originOf = (segmentId: string) => origins?.find(({ segment_id }) => segment_id === segmentId);
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
                  <Table.Td>
                    <Instant instant={of.creation_ts} />
                  </Table.Td>
                  <Table.Td>
                    <TimeLeft until={of.expiration_ts} />
                  </Table.Td>
                  <Table.Td>{of.data_bag !== null && <Code block>{pretty(of.data_bag)}</Code>}</Table.Td>
                  <Table.Td>
                    <WhyMember origin={originOf(of.segment_id)} />
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

/** What first put a user in, and what restored or changed the membership since. */
function WhyMember({ origin }: { readonly origin: MembershipOrigin | undefined }) {
  if (origin === undefined) return null;
  const { entered_by, restored_by, updated_by } = origin;
  return (
    <Stack gap={2}>
      {entered_by === null ? (
        <Text size="sm">{t.users.forgotten}</Text>
      ) : (
        <div>
          <Why change={entered_by} />
        </div>
      )}
      {[restored_by, updated_by].map(
        (change) =>
          change !== null && (
            <div key={change.change}>
              {(change.cause === 'COMMAND' || change.cause === 'CALL') && `${t.users.updated} `}
              <Why change={change} />
            </div>
          ),
      )}
    </Stack>
  );
}

/** Which line of which file, or what else, made a change. */
export function Why({ change }: { readonly change: MembershipChange }) {
  const dm = useDatamartId();
  const page = pageOfSource(dm, change);
  const { cause, change: kind, reverts_execution_id: reverted } = change;
  const text = cause === 'REVERT' ? t.users.reverts[kind] : t.users.causes[cause ?? 'UNKNOWN'];
  if (page === null) return <Text size="sm">{text}</Text>;
  return (
    <>
      {text}{' '}
      <PageLink to={page} isInText>
        {change.input_file_name ?? t.executions.number(change.execution_id ?? '')}
      </PageLink>
      {change.line === null ? '' : t.users.atLine(change.line)}
      {reverted === null ? '' : t.users.ofRevert(reverted)}
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
