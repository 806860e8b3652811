import { Code, Stack, Table, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { executionPage, executionPath, pages } from '../api/paths.ts';
import { unknownSegments } from '../api/queries.ts';
import type { Execution, UnknownSegment } from '../api/types.ts';
import { ConfirmedAction } from '../parts/confirmed-action.tsx';
import { formatNumber } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { useSession } from '../session/session.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { canResend, resend } from './resend.ts';

/**
 * The names of segments that were not there, with what was probably meant, and a way to make them.
 */
export function UnknownSegments({ execution }: { readonly execution: Execution }) {
  const query = useQuery(unknownSegments(executionPath(execution)));
  const { may } = useSession();
  return (
    <Loaded query={query} rows={2}>
      {({ data, total }) =>
        data.length === 0 ? null : (
          <Stack gap="xs" align="flex-start">
            <Names names={data} />
            {total > data.length && (
              <Text size="sm" c="dimmed">
                {t.unknownSegments.others(formatNumber(total - data.length))}
              </Text>
            )}
            {may('editor') && data.some(isMissing) && <CreateThem execution={execution} />}
          </Stack>
        )
      }
    </Loaded>
  );
}

function isMissing({ kind, segment_id: id }: UnknownSegment): boolean {
  return kind === 'TECHNICAL_NAME' && id === null;
}

function Names({ names }: { readonly names: readonly UnknownSegment[] }) {
  const dm = useDatamartId();
  return (
    <Table.ScrollContainer minWidth={420} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table fz="sm" verticalSpacing={4} aria-label={t.unknownSegments.title}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t.unknownSegments.name}</Table.Th>
            <Table.Th ta="end">{t.unknownSegments.lines}</Table.Th>
            <Table.Th>{t.unknownSegments.hint}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {names.map(({ name, kind, lines, did_you_mean: meant, segment_id: id }) => (
            <Table.Tr key={`${kind} ${name}`}>
              <Table.Td>
                <Code style={{ wordBreak: 'break-all' }}>{name}</Code>
                {kind === 'ID' && ` ${t.unknownSegments.id}`}
              </Table.Td>
              <Table.Td ta="end">{formatNumber(lines)}</Table.Td>
              <Table.Td>
                {id !== null && <PageLink to={pages.segment(dm, id)}>{t.unknownSegments.isThere}</PageLink>}
                {meant !== null && t.unknownSegments.meant(meant)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function CreateThem({ execution }: { readonly execution: Execution }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  if (!canResend(execution, 'FAILED_LINES')) return null;
  return (
    <ConfirmedAction
      label={t.unknownSegments.create}
      title={t.unknownSegments.createTitle}
      text={t.unknownSegments.createText}
      run={() => resend(client, execution, 'FAILED_LINES_WITH_SEGMENTS')}
      onDone={async (created) => {
        await client.invalidateQueries({ queryKey: ['executions'] });
        navigate(`~${executionPage(created)}`);
      }}
    />
  );
}
