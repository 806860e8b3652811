import { Button, Group, Modal, NumberInput, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { send } from '../api/client.ts';
import { importsPath } from '../api/paths.ts';
import type { DocumentImport } from '../api/types.ts';
import { PercentInput } from '../parts/percent-input.tsx';
import { Problem } from '../parts/problem.tsx';
import { t } from '../texts/texts.ts';

type Expect = NonNullable<DocumentImport['expect']>;

/** The time zone is empty where it is to be that of the datamart. */
const FIRST: Expect = {
  ...{ every: '1d', by: '06:00', on: null, time_zone: '' },
  ...{ min_commands: null, max_change: null, max_failure_ratio: null },
};

/**
 * Says in a dialog when the files of an import are due and what they usually are, or that they may
 * be anything.
 */
export function ExpectForm({ of, onClose }: { readonly of: DocumentImport; readonly onClose: () => void }) {
  const client = useQueryClient();
  const [expect, setExpect] = useState<Expect>(of.expect ?? FIRST);
  const [days, setDays] = useState(expect.on?.join(', ') ?? '');
  const { mutate, error, isPending } = useMutation({
    mutationFn: (wanted: Expect | null) =>
      send<DocumentImport>('PUT', `${importsPath(of.datamart_id)}/${of.id}`, {
        expect: wanted === null ? null : { ...wanted, time_zone: wanted.time_zone.trim() || null },
      }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['import', of.datamart_id, of.id] });
      await client.invalidateQueries({ queryKey: ['imports', of.datamart_id] });
      onClose();
    },
  });
  const set = (change: Partial<Expect>) => setExpect({ ...expect, ...change });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate({ ...expect, on: daysOf(days) });
  };
  return (
    <Modal opened onClose={onClose} title={t.expected.title} closeButtonProps={{ 'aria-label': t.close }}>
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">{t.expected.about}</Text>
          <Group grow align="flex-start">
            <TextInput
              label={t.expected.every}
              description={t.expected.everyHint}
              value={expect.every}
              onChange={({ currentTarget: { value } }) => set({ every: value.trim() })}
              data-autofocus
              required
            />
            <TextInput
              label={t.expected.by}
              type="time"
              description={t.expected.byHint}
              value={expect.by}
              onChange={({ currentTarget: { value } }) => set({ by: value })}
              required
            />
          </Group>
          <TextInput
            label={t.expected.on}
            description={t.expected.onHint}
            value={days}
            onChange={({ currentTarget: { value } }) => setDays(value)}
          />
          <TextInput
            label={t.expected.zone}
            description={t.expected.zoneHint}
            value={expect.time_zone}
            onChange={({ currentTarget: { value } }) => set({ time_zone: value })}
          />
          <NumberInput
            label={t.expected.minCommands}
            value={expect.min_commands ?? ''}
            onChange={(value) => set({ min_commands: typeof value === 'number' ? value : null })}
            min={1}
            allowDecimal={false}
            placeholder={t.expected.noLimit}
            size="xs"
          />
          <PercentInput
            label={t.expected.maxChange}
            value={expect.max_change}
            placeholder={t.expected.noLimit}
            onChange={(value) => set({ max_change: value })}
          />
          <PercentInput
            label={t.expected.maxFailures}
            value={expect.max_failure_ratio}
            placeholder={t.expected.noLimit}
            onChange={(value) => set({ max_failure_ratio: value })}
          />
          {error !== null && <Problem error={error} />}
          <Group justify="flex-end">
            {of.expect !== undefined && (
              <Button variant="default" onClick={() => mutate(null)} loading={isPending}>
                {t.expected.remove}
              </Button>
            )}
            <Button type="submit" loading={isPending}>
              {t.expected.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** The service says which of them are days. */
function daysOf(text: string): Expect['on'] {
  const days = text
    .toUpperCase()
    .split(/[\s,]+/)
    .filter((day) => day !== '');
  return days.length === 0 ? null : (days as NonNullable<Expect['on']>);
}
