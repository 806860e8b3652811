import { MultiSelect, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { send } from '../api/client.ts';
import { datamarts as datamartsQuery } from '../api/queries.ts';
import type { CreatedToken, Role } from '../api/types.ts';
import { FormDialog } from '../parts/form-dialog.tsx';
import { t } from '../texts/texts.ts';

const ROLES: readonly Role[] = ['reader', 'editor', 'admin'];
const DAY_MS = 86_400_000;
const LIVES = ['', '30', '90', '365'] as const;

/** Makes a token in a dialog, and shows its value once. */
export function CreateToken({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const client = useQueryClient();
  const { data: datamarts = [] } = useQuery(datamartsQuery());
  const [wanted, setWanted] = useState({
    name: '',
    role: 'reader' as Role,
    datamartIds: [] as string[],
    days: '90',
  });
  const mutation = useMutation({
    mutationFn: () =>
      send<CreatedToken>('POST', '/v1/api_tokens', {
        name: wanted.name.trim(),
        role: wanted.role,
        datamart_ids: wanted.datamartIds.length === 0 ? null : wanted.datamartIds,
        expiration_date: wanted.days === '' ? null : Date.now() + Number(wanted.days) * DAY_MS,
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['tokens'] }),
  });
  return (
    <FormDialog
      title={t.tokens.create}
      submitLabel={t.tokens.createIt}
      isComplete={wanted.name.trim() !== ''}
      mutation={mutation}
      shownOnce={
        mutation.data && {
          title: t.tokens.shownOnce,
          text: t.tokens.shownOnceText,
          value: mutation.data.value,
        }
      }
      isOpen={isOpen}
      onClose={onClose}
    >
      <TextInput
        label={t.tokens.name}
        description={t.tokens.nameHint}
        value={wanted.name}
        onChange={({ currentTarget: { value } }) => setWanted({ ...wanted, name: value })}
        maxLength={255}
        data-autofocus
        required
      />
      <NativeSelect
        label={t.tokens.role}
        description={t.tokens.roleHints[wanted.role]}
        data={ROLES.map((value) => ({ value, label: t.roles[value] }))}
        value={wanted.role}
        onChange={({ currentTarget: { value } }) => setWanted({ ...wanted, role: value as Role })}
      />
      <MultiSelect
        label={t.tokens.datamarts}
        placeholder={wanted.datamartIds.length === 0 ? t.tokens.allDatamarts : ''}
        data={datamarts.map(({ id, name }) => ({ value: id, label: name }))}
        value={wanted.datamartIds}
        onChange={(datamartIds) => setWanted({ ...wanted, datamartIds })}
        searchable
      />
      <NativeSelect
        label={t.tokens.expires}
        data={LIVES.map((value) => ({ value, label: t.tokens.lives[value] }))}
        value={wanted.days}
        onChange={({ currentTarget: { value } }) => setWanted({ ...wanted, days: value })}
      />
    </FormDialog>
  );
}
