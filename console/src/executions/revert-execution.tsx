import { Table } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { send } from '../api/client.ts';
import { executionPage, executionPath } from '../api/paths.ts';
import { revertPreview } from '../api/queries.ts';
import type { Execution } from '../api/types.ts';
import { forgetWhatChanges } from '../api/use-execution.ts';
import { ConfirmedAction } from '../parts/confirmed-action.tsx';
import { formatNumber } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { WideTable } from '../parts/wide-table.tsx';
import { t } from '../texts/texts.ts';

/** Takes an execution back, after it has been shown what that would change. */
export function RevertExecution({ execution }: { readonly execution: Execution }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const path = executionPath(execution);
  if (!hasChanged(execution)) return null;
  return (
    <ConfirmedAction
      label={t.revert.label}
      title={t.revert.title}
      text={t.revert.text}
      color="red"
      run={() => send<Execution>('POST', `${path}/action`, { action: 'REVERT' })}
      onDone={async (made) => {
        await client.invalidateQueries({ queryKey: ['execution', path] });
        await forgetWhatChanges(client);
        navigate(`~${executionPage(made)}`);
      }}
    >
      <Preview path={path} />
    </ConfirmedAction>
  );
}

/** Whether there is anything to take back. */
function hasChanged({ dry_run: isDry, result }: Execution): boolean {
  const { memberships_created, memberships_updated, memberships_deleted, memberships_left = 0 } = result;
  return (
    isDry !== true && memberships_created + memberships_updated + memberships_deleted + memberships_left > 0
  );
}

function Preview({ path }: { readonly path: string }) {
  const query = useQuery(revertPreview(path));
  return (
    <Loaded query={query} rows={3}>
      {({ segments }) => (
        <WideTable minWidth={420}>
          <Table fz="sm" aria-label={t.revert.preview}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t.segments.segment}</Table.Th>
                <Table.Th ta="end">{t.revert.back}</Table.Th>
                <Table.Th ta="end">{t.revert.restored}</Table.Th>
                <Table.Th ta="end">{t.revert.out}</Table.Th>
                <Table.Th ta="end">{t.revert.kept}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {segments.map((of) => (
                <Table.Tr key={of.segment_id}>
                  <Table.Td>{of.segment_name}</Table.Td>
                  <Table.Td ta="end">{formatNumber(of.memberships_created)}</Table.Td>
                  <Table.Td ta="end">{formatNumber(of.memberships_updated)}</Table.Td>
                  <Table.Td ta="end">{formatNumber(of.memberships_deleted)}</Table.Td>
                  <Table.Td ta="end">{formatNumber(of.memberships_kept)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </WideTable>
      )}
    </Loaded>
  );
}
