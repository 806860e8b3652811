import { Alert, Button, Checkbox, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { send } from '../api/client.ts';
import type { Webhook } from '../api/types.ts';
import { closedBy } from '../parts/closed-by.ts';
import { CopyLine } from '../parts/copy-line.tsx';
import { Problem } from '../parts/problem.tsx';
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
  const {
    mutate,
    data: made,
    error,
    isPending,
  } = useMutation({
    mutationFn: () =>
      send<Webhook & { readonly secret: string }>('POST', `/v1/datamarts/${dm}/webhooks`, {
        url: wanted.url.trim(),
        events: wanted.events,
        ...(wanted.name.trim() === '' ? {} : { name: wanted.name.trim() }),
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['webhooks', dm] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate();
  };
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={t.webhooks.create}
      {...closedBy({ isAsked: isPending, isShownOnce: made !== undefined })}
      closeButtonProps={{ 'aria-label': t.close }}
    >
      {made !== undefined ? (
        <Stack>
          <Alert color="yellow" title={t.webhooks.shownOnce}>
            {t.webhooks.shownOnceText}
          </Alert>
          <CopyLine line={made.secret} />
          <Button onClick={onClose}>{t.close}</Button>
        </Stack>
      ) : (
        <form onSubmit={submit}>
          <Stack>
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
            {error !== null && <Problem error={error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                {t.cancel}
              </Button>
              <Button
                type="submit"
                loading={isPending}
                disabled={wanted.url.trim() === '' || wanted.events.length === 0}
              >
                {t.webhooks.createIt}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
