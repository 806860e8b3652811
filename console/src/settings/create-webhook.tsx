import { Checkbox, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { send } from '../api/client.ts';
import type { Webhook } from '../api/types.ts';
import { FormDialog } from '../parts/form-dialog.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';

const EVENTS = [
  'execution.succeeded',
  'execution.failed',
  'execution.canceled',
  'execution.unusual_size',
  'execution.many_failures',
  'document_import.late',
  'document_import.missing',
];

/** Makes a webhook in a dialog, and shows its secret once. */
export function CreateWebhook({
  isOpen,
  onClose,
}: {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}) {
  const dm = useDatamartId();
  const client = useQueryClient();
  const [wanted, setWanted] = useState({ url: '', name: '', events: EVENTS });
  const mutation = useMutation({
    mutationFn: () =>
      send<Webhook & { readonly secret: string }>('POST', `/v1/datamarts/${dm}/webhooks`, {
        url: wanted.url.trim(),
        events: wanted.events,
        ...(wanted.name.trim() === '' ? {} : { name: wanted.name.trim() }),
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['webhooks', dm] }),
  });
  return (
    <FormDialog
      title={t.webhooks.create}
      submitLabel={t.webhooks.createIt}
      isComplete={wanted.url.trim() !== '' && wanted.events.length > 0}
      mutation={mutation}
      shownOnce={
        mutation.data && {
          title: t.webhooks.shownOnce,
          text: t.webhooks.shownOnceText,
          value: mutation.data.secret,
        }
      }
      isOpen={isOpen}
      onClose={onClose}
    >
      <TextInput
        label={t.webhooks.url}
        description={t.webhooks.urlHint}
        type="url"
        value={wanted.url}
        onChange={({ currentTarget: { value } }) => setWanted({ ...wanted, url: value })}
        data-autofocus
        required
      />
      <TextInput
        label={t.webhooks.name}
        value={wanted.name}
        onChange={({ currentTarget: { value } }) => setWanted({ ...wanted, name: value })}
      />
      <Checkbox.Group
        label={t.webhooks.events}
        value={wanted.events}
        onChange={(events) => setWanted({ ...wanted, events })}
      >
        <Stack gap={6} mt={6}>
          {EVENTS.map((event) => (
            <Checkbox key={event} value={event} label={event} />
          ))}
        </Stack>
      </Checkbox.Group>
    </FormDialog>
  );
}
