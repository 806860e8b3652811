import { NumberInput, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { send } from '../api/client.ts';
import { pages } from '../api/paths.ts';
import type { Segment } from '../api/types.ts';
import { FormDialog } from '../parts/form-dialog.tsx';
import { decimalSign } from '../parts/formats.ts';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';

const DAY_MS = 86_400_000;

/** Makes a segment, or changes one, in a dialog. */
export function SegmentForm({
  segment,
  suggested = { name: '', technicalName: '' },
  isOpen,
  onClose,
  onCreated,
}: {
  /** Null: a new one. */
  readonly segment: Segment | null;
  /** How a new one is called, unless that is changed. */
  readonly suggested?: { readonly name: string; readonly technicalName: string };
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** What comes after a new one; without it, its page does. */
  readonly onCreated?: () => unknown;
}) {
  const dm = useDatamartId();
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [wanted, setWanted] = useState({
    name: segment?.name ?? suggested.name,
    technicalName: segment?.technical_name ?? suggested.technicalName,
    description: segment?.short_description ?? '',
    ttlDays: segment?.default_ttl == null ? '' : segment.default_ttl / DAY_MS,
  });
  const mutation = useMutation({
    mutationFn: () => {
      const body = {
        name: wanted.name.trim(),
        technical_name: wanted.technicalName.trim(),
        short_description: wanted.description.trim(),
        default_ttl: typeof wanted.ttlDays === 'number' ? Math.round(wanted.ttlDays * DAY_MS) : null,
      };
      return segment === null
        ? send<Segment>('POST', '/v1/audience_segments', { ...body, datamart_id: dm })
        : send<Segment>('PUT', `/v1/audience_segments/${segment.id}`, body);
    },
    onSuccess: async ({ id }) => {
      onClose();
      await Promise.all([
        client.invalidateQueries({ queryKey: ['segments', dm] }),
        client.invalidateQueries({ queryKey: ['segment', id] }),
      ]);
      if (segment !== null) return;
      if (onCreated === undefined) navigate(`~${pages.segment(dm, id)}`);
      else await onCreated();
    },
  });
  return (
    <FormDialog
      title={segment === null ? t.segments.create : t.segments.edit}
      submitLabel={segment === null ? t.segments.createIt : t.save}
      isComplete={wanted.name.trim() !== ''}
      mutation={mutation}
      isOpen={isOpen}
      onClose={onClose}
    >
      <TextInput
        label={t.segments.name}
        value={wanted.name}
        onChange={({ currentTarget: { value } }) => setWanted({ ...wanted, name: value })}
        maxLength={255}
        data-autofocus
        required
      />
      <TextInput
        label={t.segments.technicalName}
        description={t.segments.technicalNameHint}
        value={wanted.technicalName}
        onChange={({ currentTarget: { value } }) => setWanted({ ...wanted, technicalName: value })}
      />
      <NumberInput
        label={t.segments.ttlDays}
        description={t.segments.ttlHint}
        value={wanted.ttlDays}
        onChange={(value) => setWanted({ ...wanted, ttlDays: typeof value === 'number' ? value : '' })}
        min={0}
        decimalSeparator={decimalSign()}
      />
      <Textarea
        label={t.segments.description}
        value={wanted.description}
        onChange={({ currentTarget: { value } }) => setWanted({ ...wanted, description: value })}
        maxLength={2000}
        autosize
        minRows={2}
      />
    </FormDialog>
  );
}
