import { Button, Group, NativeSelect, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { auditLog } from '../api/queries.ts';
import type { AuditEntry } from '../api/types.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { formatNumber } from '../parts/formats.ts';
import { Instant } from '../parts/instant.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { ServerText } from '../parts/server-text.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';

const MOST_ENTRIES = 1_000;

/** Who changed, sent or downloaded what, and when. */
export function AuditLog() {
  const dm = useDatamartId();
  const [scope, setScope] = useState('');
  const [action, setAction] = useState('');
  const [most, setMost] = useState(100);
  const columns = useMemo(columnsOf, []);
  const query = useQuery({
    ...auditLog(dm, {
      datamart_id: scope === '' ? undefined : dm,
      action: action === '' ? undefined : action,
      max_results: most,
    }),
    placeholderData: (before) => before,
  });
  return (
    <Stack>
      <Group gap="xs">
        <NativeSelect
          aria-label={t.audit.scope}
          data={[
            { value: '', label: t.audit.everywhere },
            { value: dm, label: t.audit.thisDatamart },
          ]}
          value={scope}
          onChange={({ currentTarget }) => setScope(currentTarget.value)}
        />
        <NativeSelect
          aria-label={t.audit.action}
          data={[
            { value: '', label: t.audit.allActions },
            ...(Object.keys(t.audit.actions) as AuditEntry['action'][]).map((value) => ({
              value,
              label: t.audit.actions[value],
            })),
          ]}
          value={action}
          onChange={({ currentTarget }) => setAction(currentTarget.value)}
        />
      </Group>
      <Loaded query={query}>
        {({ data, total }) => (
          <>
            <DataTable
              label={t.settings.tabs.audit}
              rows={data}
              columns={columns}
              keyOf={({ id }) => id}
              height="65vh"
            />
            <Group>
              <Text size="sm" c="dimmed" role="status">
                {t.audit.shown(formatNumber(data.length), formatNumber(total))}
              </Text>
              {data.length < total && most < MOST_ENTRIES && (
                <Button size="xs" variant="default" onClick={() => setMost(MOST_ENTRIES)}>
                  {t.audit.more}
                </Button>
              )}
            </Group>
          </>
        )}
      </Loaded>
    </Stack>
  );
}

const columnsOf = (): readonly Column<AuditEntry>[] => [
  { id: 'date', header: t.users.date, width: 175, cell: ({ date }) => <Instant instant={date} /> },
  { id: 'who', header: t.audit.who, minWidth: 105, cell: ({ token_name }) => token_name },
  { id: 'action', header: t.audit.action, width: 100, cell: ({ action }) => t.audit.actions[action] },
  {
    id: 'what',
    header: t.audit.what,
    width: 160,
    cell: ({ resource_type, resource_id }) => `${t.audit.resources[resource_type]} ${resource_id}`,
  },
  {
    id: 'datamart',
    header: t.shell.datamart,
    width: 100,
    isExtra: true,
    cell: ({ datamart_id }) => datamart_id ?? '–',
  },
  {
    id: 'details',
    header: t.audit.details,
    minWidth: 150,
    isExtra: true,
    cell: ({ details }) => details !== null && <ServerText message={JSON.stringify(details)} />,
  },
];
