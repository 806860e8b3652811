import { Badge, Button, Group, Stack } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { send } from '../api/client.ts';
import { tokens as tokensQuery } from '../api/queries.ts';
import type { ApiToken } from '../api/types.ts';
import { ConfirmedAction } from '../parts/confirmed-action.tsx';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { Ago, Instant } from '../parts/instant.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { useSession } from '../session/session.tsx';
import { t } from '../texts/texts.ts';
import { CreateToken } from './create-token.tsx';

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
