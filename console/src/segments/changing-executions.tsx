import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { pageOfSource } from '../api/paths.ts';
import { changingExecutions } from '../api/queries.ts';
import type { ExecutionChanges } from '../api/types.ts';
import { fileOfChange } from '../executions/name-of-change.ts';
import { NumberedName } from '../executions/run-name.tsx';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { formatNumber } from '../parts/formats.ts';
import { Instant } from '../parts/instant.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';

/** The executions that changed a segment, with what each did to it. */
export function ChangingExecutions({ segmentId }: { readonly segmentId: string }) {
  const dm = useDatamartId();
  const query = useQuery(changingExecutions(segmentId));
  const columns = useMemo(() => columnsFor(dm, segmentId), [dm, segmentId]);
  return (
    <Loaded query={query}>
      {({ data }) =>
        data.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t.segments.untouched}
          </Text>
        ) : (
          <DataTable
            label={t.segments.tabs.executions}
            rows={data}
            columns={columns}
            keyOf={({ execution_id }) => execution_id ?? ''}
            height="60vh"
          />
        )
      }
    </Loaded>
  );
}

function columnsFor(dm: string, segmentId: string): readonly Column<ExecutionChanges>[] {
  const count = (id: 'entries' | 'updates' | 'exits'): Column<ExecutionChanges> => ({
    id,
    header: t.effects[id],
    width: 100,
    isNumber: true,
    sortBy: (of) => of[id],
    cell: (of) => formatNumber(of[id]),
  });
  return [
    {
      id: 'execution',
      header: t.executions.input,
      minWidth: 220,
      cell: (of) => {
        const to = pageOfSource(dm, { ...of, segment_id: segmentId });
        const name = <NumberedName name={fileOfChange(of)} id={of.execution_id ?? ''} />;
        return to === null ? name : <PageLink to={to}>{name}</PageLink>;
      },
    },
    {
      id: 'date',
      header: t.executions.started,
      width: 200,
      sortBy: ({ date }) => date,
      cell: ({ date }) => <Instant instant={date} />,
    },
    count('entries'),
    count('updates'),
    count('exits'),
  ];
}
