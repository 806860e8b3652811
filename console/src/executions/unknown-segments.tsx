import { Button, Code, Stack, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { executionPage, executionPath, pages } from '../api/paths.ts';
import { unknownSegments } from '../api/queries.ts';
import type { Execution, UnknownSegment } from '../api/types.ts';
import { ConfirmedAction } from '../parts/confirmed-action.tsx';
import { formatNumber } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { Problem } from '../parts/problem.tsx';
import { SegmentForm } from '../segments/segment-form.tsx';
import { useSession } from '../session/session.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { canResend, failedLinesNaming, resend, sendCorrection } from './resend.ts';

type OfExecution = {
  readonly execution: Execution;
  /** Is told of a correction that was sent, and of its lines. */
  readonly onSent: (correction: Execution, lines: readonly number[]) => void;
};

/**
 * The names of segments that were not there, with what was probably meant, and ways to make them
 * and to send their lines again.
 */
export function UnknownSegments({ execution, onSent }: OfExecution) {
  const query = useQuery(unknownSegments(executionPath(execution)));
  const { may } = useSession();
  return (
    <Loaded query={query} rows={2}>
      {({ data, total }) =>
        data.length === 0 ? null : (
          <Stack gap="xs" align="flex-start">
            <Names names={data} {...{ execution, onSent }} />
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

function Names({ names, execution, onSent }: OfExecution & { readonly names: readonly UnknownSegment[] }) {
  const dm = useDatamartId();
  const { may } = useSession();
  const mayFix = may('editor') && canResend(execution, 'FAILED_LINES');
  return (
    <Table.ScrollContainer minWidth={520} w="100%" scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table fz="sm" verticalSpacing={4} aria-label={t.unknownSegments.title}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t.unknownSegments.name}</Table.Th>
            <Table.Th ta="end">{t.unknownSegments.lines}</Table.Th>
            <Table.Th>{t.unknownSegments.hint}</Table.Th>
            {mayFix && <Table.Th>{t.unknownSegments.action}</Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {names.map((of) => {
            const { name, kind, lines, did_you_mean: meant, segment_id: id } = of;
            return (
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
                {mayFix && (
                  <Table.Td>
                    {isMissing(of) && <CreateOne name={name} execution={execution} />}
                    {id !== null && <ResendLines {...{ of, execution, onSent }} />}
                  </Table.Td>
                )}
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** Makes one segment; its lines can be sent again then. */
function CreateOne({ name, execution }: { readonly name: string; readonly execution: Execution }) {
  const client = useQueryClient();
  const [isOpen, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button
        size="compact-xs"
        variant="default"
        aria-label={t.unknownSegments.createOne(name)}
        onClick={open}
      >
        {t.unknownSegments.createIt}
      </Button>
      {isOpen && (
        <SegmentForm
          segment={null}
          suggested={{ name, technicalName: name }}
          isOpen
          onClose={close}
          onCreated={() => client.invalidateQueries({ queryKey: ['execution', executionPath(execution)] })}
        />
      )}
    </>
  );
}

/** Sends the lines once more that name a segment which there is by now. */
function ResendLines({ of, execution, onSent }: OfExecution & { readonly of: UnknownSegment }) {
  const client = useQueryClient();
  const { mutate, error, isPending, data } = useMutation({
    mutationFn: async () => {
      const { file, lines } = await failedLinesNaming(client, execution, of);
      return { correction: await sendCorrection(client, execution, { file }), lines };
    },
    onSuccess: ({ correction, lines }) => onSent(correction, lines),
  });
  return (
    <>
      <Button
        size="compact-xs"
        variant="default"
        loading={isPending}
        // a second click would send them twice
        disabled={data !== undefined}
        onClick={() => mutate()}
      >
        {t.unknownSegments.resend(formatNumber(of.lines))}
      </Button>
      {error !== null && <Problem error={error} />}
    </>
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
