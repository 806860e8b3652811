import { Accordion, Alert, Badge, Button, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus, IconWebhook } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { send } from '../api/client.ts';
import { webhooks as webhooksQuery } from '../api/queries.ts';
import type { Webhook } from '../api/types.ts';
import { ConfirmedAction } from '../parts/confirmed-action.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { ServerText } from '../parts/server-text.tsx';
import { Teach } from '../parts/teach.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { CreateWebhook } from './create-webhook.tsx';
import { Deliveries } from './deliveries.tsx';

/** Who is told of the end of executions, and what became of that. */
export function Webhooks() {
  const dm = useDatamartId();
  const [isCreating, creating] = useDisclosure(false);
  const query = useQuery(webhooksQuery(dm));
  const create = (
    <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={creating.open}>
      {t.webhooks.create}
    </Button>
  );
  return (
    <Stack>
      <Loaded query={query}>
        {(all) =>
          all.length === 0 ? (
            <Teach
              title={t.webhooks.none.title}
              text={t.webhooks.none.text}
              icon={<IconWebhook />}
              lines={[
                { label: t.webhooks.none.curl, line: t.webhooks.none.curlLine(location.origin, dm) },
                { label: t.webhooks.none.cli, line: t.webhooks.none.cliLine(location.origin, dm) },
              ]}
            >
              {create}
            </Teach>
          ) : (
            <>
              <Group justify="flex-end">{create}</Group>
              <Accordion variant="separated" order={2}>
                {all.map((webhook) => (
                  <WebhookItem key={webhook.id} webhook={webhook} />
                ))}
              </Accordion>
            </>
          )
        }
      </Loaded>
      <CreateWebhook key={String(isCreating)} isOpen={isCreating} onClose={creating.close} />
    </Stack>
  );
}

function WebhookItem({ webhook }: { readonly webhook: Webhook }) {
  const { id, name, url, enabled, disabled_reason, events, document_import_id } = webhook;
  return (
    <Accordion.Item value={id}>
      <Accordion.Control>
        <Group justify="space-between" pe="md">
          <Text fw={500}>{name ?? url}</Text>
          <Badge color={enabled ? 'teal' : 'red'} variant="light" autoContrast>
            {enabled ? t.webhooks.enabled : t.webhooks.disabled}
          </Badge>
        </Group>
      </Accordion.Control>
      <Accordion.Panel>
        <Stack gap="sm">
          <Text size="sm" style={{ wordBreak: 'break-all' }}>
            {url}
          </Text>
          <Text size="sm" c="dimmed">
            {t.webhooks.about(events.join(', '), document_import_id)}
          </Text>
          {disabled_reason !== null && (
            <Alert color="red">
              <ServerText message={disabled_reason} />
            </Alert>
          )}
          <WebhookActions webhook={webhook} />
          <Deliveries webhookId={id} isEnabled={enabled} />
        </Stack>
      </Accordion.Panel>
    </Accordion.Item>
  );
}

function WebhookActions({ webhook: { id, datamart_id, enabled, name, url } }: { readonly webhook: Webhook }) {
  const client = useQueryClient();
  const path = `/v1/datamarts/${datamart_id}/webhooks/${id}`;
  const forget = () => client.invalidateQueries({ queryKey: ['webhooks', datamart_id] });
  return (
    <Group gap="xs">
      {enabled && (
        <ConfirmedAction
          label={t.webhooks.ping}
          title={t.webhooks.ping}
          text={t.webhooks.pingText(url)}
          run={() => send('POST', `${path}/ping`)}
          onDone={forget}
        />
      )}
      <ConfirmedAction
        key={String(enabled)}
        label={enabled ? t.webhooks.disable : t.webhooks.enable}
        title={enabled ? t.webhooks.disable : t.webhooks.enable}
        text={enabled ? t.webhooks.disableText : t.webhooks.enableText}
        run={() => send('PUT', path, { enabled: !enabled })}
        onDone={forget}
      />
      <ConfirmedAction
        label={t.webhooks.delete}
        title={t.webhooks.deleteTitle(name ?? url)}
        text={t.webhooks.deleteText}
        color="red"
        run={() => send('DELETE', path)}
        onDone={forget}
      />
    </Group>
  );
}
