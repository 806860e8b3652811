import {
  Alert,
  Badge,
  Button,
  Group,
  Modal,
  MultiSelect,
  NativeSelect,
  Stack,
  TextInput,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useMemo, useState } from 'react';
import { send } from '../api/client.ts';
import { datamarts as datamartsQuery, tokens as tokensQuery } from '../api/queries.ts';
import type { ApiToken, CreatedToken, Role } from '../api/types.ts';
import { closedBy } from '../parts/closed-by.ts';
import { ConfirmedAction } from '../parts/confirmed-action.tsx';
import { CopyLine } from '../parts/copy-line.tsx';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { Ago, Instant } from '../parts/instant.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Problem } from '../parts/problem.tsx';
import { useSession } from '../session/session.tsx';
import { t } from '../texts/texts.ts';

const ROLES: readonly Role[] = ['reader', 'editor', 'admin'];
const DAY_MS = 86_400_000;
const LIVES = ['', '30', '90', '365'] as const;

/** API tokens: who may call, made and revoked here. */
export function Tokens() {
  const client = useQueryClient();
  const { token: own } = useSession();
  const [isCreating, creating] = useDisclosure(false);
  const query = useQuery(tokensQuery());
  const columns = useMemo(
    () => columnsFor(own.id, () => client.invalidateQueries({ queryKey: ['tokens'] })),
    [own.id, client],
  );
  return (
    <Stack>
      <Group justify="flex-end">
        <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={creating.open}>
          {t.tokens.create}
        </Button>
      </Group>
      <Loaded query={query}>
        {(all) => (
          <DataTable
            label={t.settings.tabs.tokens}
            rows={all}
            columns={columns}
            keyOf={({ id }) => id}
            sorted={{ id: 'created', desc: true }}
          />
        )}
      </Loaded>
      <CreateToken key={String(isCreating)} isOpen={isCreating} onClose={creating.close} />
    </Stack>
  );
}

function columnsFor(ownId: string, onRevoked: () => unknown): readonly Column<ApiToken>[] {
  return [
    {
      id: 'name',
      header: t.tokens.name,
      sortBy: ({ name }) => name,
      cell: ({ name, id }) => (
        <>
          {name} {id === ownId && <Badge variant="default">{t.tokens.yours}</Badge>}
        </>
      ),
    },
    {
      id: 'role',
      header: t.tokens.role,
      width: 100,
      sortBy: ({ role }) => role,
      cell: ({ role }) => t.roles[role],
    },
    {
      id: 'datamarts',
      header: t.tokens.datamarts,
      width: 120,
      isExtra: true,
      cell: ({ datamart_ids }) => (datamart_ids === null ? t.tokens.allDatamarts : datamart_ids.join(', ')),
    },
    {
      id: 'created',
      header: t.tokens.created,
      width: 150,
      isExtra: true,
      sortBy: ({ creation_date }) => creation_date,
      cell: ({ creation_date }) => <Ago instant={creation_date} />,
    },
    {
      id: 'used',
      header: t.tokens.used,
      isExtra: true,
      width: 150,
      sortBy: ({ last_used_date }) => last_used_date,
      cell: ({ last_used_date }) =>
        last_used_date === null ? t.units.never : <Ago instant={last_used_date} />,
    },
    {
      id: 'expires',
      header: t.tokens.expires,
      isExtra: true,
      width: 205,
      sortBy: ({ expiration_date }) => expiration_date,
      cell: ({ expiration_date }) =>
        expiration_date === null ? t.units.never : <Instant instant={expiration_date} />,
    },
    {
      id: 'revoke',
      header: t.tokens.action,
      width: 100,
      speaksForItself: true,
      cell: ({ id, name }) => (
        <ConfirmedAction
          label={t.tokens.revoke}
          title={t.tokens.revokeTitle(name)}
          text={id === ownId ? t.tokens.revokeOwn : t.tokens.revokeText}
          color="red"
          size="compact-xs"
          run={() => send('DELETE', `/v1/api_tokens/${id}`)}
          onDone={onRevoked}
        />
      ),
    },
  ];
}

function CreateToken({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const client = useQueryClient();
  const { data: datamarts = [] } = useQuery(datamartsQuery());
  const [wanted, setWanted] = useState({
    name: '',
    role: 'reader' as Role,
    datamartIds: [] as string[],
    days: '90',
  });
  const {
    mutate,
    data: made,
    error,
    isPending,
  } = useMutation({
    mutationFn: () =>
      send<CreatedToken>('POST', '/v1/api_tokens', {
        name: wanted.name.trim(),
        role: wanted.role,
        datamart_ids: wanted.datamartIds.length === 0 ? null : wanted.datamartIds,
        expiration_date: wanted.days === '' ? null : Date.now() + Number(wanted.days) * DAY_MS,
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['tokens'] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate();
  };
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={t.tokens.create}
      {...closedBy({ isAsked: isPending, isShownOnce: made !== undefined })}
      closeButtonProps={{ 'aria-label': t.close }}
    >
      {made !== undefined ? (
        <Stack>
          <Alert color="yellow" title={t.tokens.shownOnce}>
            {t.tokens.shownOnceText}
          </Alert>
          <CopyLine line={made.value} />
          <Button onClick={onClose}>{t.close}</Button>
        </Stack>
      ) : (
        <form onSubmit={submit}>
          <Stack>
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
            {error !== null && <Problem error={error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                {t.cancel}
              </Button>
              <Button type="submit" loading={isPending} disabled={wanted.name.trim() === ''}>
                {t.tokens.createIt}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
