import { Badge, Button, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { send } from '../api/client.ts';
import { deliveries as deliveriesQuery } from '../api/queries.ts';
import type { Delivery } from '../api/types.ts';
import { formatSpan } from '../parts/formats.ts';
import { Ago, TimeLeft } from '../parts/instant.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { lineOf } from '../parts/problem.tsx';
import { ServerText } from '../parts/server-text.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';

const ASK_MS = 2_000;
const COLORS = { PENDING: 'blue', SUCCEEDED: 'teal', FAILED: 'red' } as const;

/** What was sent to a webhook and what it answered, the newest first. */
export function Deliveries({
  webhookId,
  isEnabled,
}: {
  readonly webhookId: string;
  readonly isEnabled: boolean;
}) {
  const dm = useDatamartId();
  const query = useQuery({
    ...deliveriesQuery(dm, webhookId),
    refetchInterval: ({ state }) =>
      state.data?.data.some(({ status }) => status === 'PENDING') ? ASK_MS : false,
  });
  return (
    <Loaded query={query} rows={2}>
      {({ data }) =>
        data.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t.deliveries.none}
          </Text>
        ) : (
          <Table.ScrollContainer minWidth={760} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
            <Table fz="sm" verticalSpacing={4} aria-label={t.deliveries.title}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t.deliveries.made}</Table.Th>
                  <Table.Th>{t.deliveries.event}</Table.Th>
                  <Table.Th>{t.executions.status}</Table.Th>
                  <Table.Th ta="end">{t.deliveries.attempts}</Table.Th>
                  <Table.Th>{t.deliveries.answer}</Table.Th>
                  <Table.Th>{t.deliveries.next}</Table.Th>
                  <Table.Th>{t.tokens.action}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {data.map((delivery) => (
                  <DeliveryRow key={delivery.id} delivery={delivery} isEnabled={isEnabled} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )
      }
    </Loaded>
  );
}

function DeliveryRow({
  delivery: of,
  isEnabled,
}: {
  readonly delivery: Delivery;
  readonly isEnabled: boolean;
}) {
  const dm = useDatamartId();
  const client = useQueryClient();
  const { mutate, isPending } = useMutation({
    mutationFn: () =>
      send('POST', `/v1/datamarts/${dm}/webhooks/${of.webhook_id}/deliveries/${of.id}/resend`),
    onSuccess: () => client.invalidateQueries({ queryKey: ['webhooks', dm, of.webhook_id, 'deliveries'] }),
    onError: (error) => notifications.show({ color: 'red', message: lineOf(error) }),
  });
  const took = of.duration === null ? '' : ` · ${formatSpan(of.duration)}`;
  return (
    <Table.Tr>
      <Table.Td>
        <Ago instant={of.creation_ts} />
      </Table.Td>
      <Table.Td>
        {of.event}
        {of.execution_id === null ? '' : ` · ${t.executions.number(of.execution_id)}`}
      </Table.Td>
      <Table.Td>
        <Badge color={COLORS[of.status]} variant="light" autoContrast>
          {t.deliveries.statuses[of.status]}
        </Badge>
      </Table.Td>
      <Table.Td ta="end">{of.attempts}</Table.Td>
      <Table.Td title={of.response_body ?? undefined}>
        {of.response_status ?? ''} {of.error !== null && <ServerText message={of.error} />}
        {took}
      </Table.Td>
      <Table.Td>{of.next_attempt_ts !== null && <TimeLeft until={of.next_attempt_ts} />}</Table.Td>
      <Table.Td>
        <Button
          size="compact-xs"
          variant="default"
          loading={isPending}
          disabled={!isEnabled}
          onClick={() => mutate()}
        >
          {t.deliveries.resend}
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}
