import { useMemo } from 'react';
import { executionPage } from '../api/paths.ts';
import type { Execution } from '../api/types.ts';
import { CutName } from '../parts/cut-name.tsx';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { formatNumber, formatSpan } from '../parts/formats.ts';
import { Ago } from '../parts/instant.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { StatusBadge } from '../parts/status-badge.tsx';
import { t } from '../texts/texts.ts';

/** Executions as they were given, the newest first. */
export function ExecutionsTable({
  executions,
  label = t.executions.title,
}: {
  readonly executions: readonly Execution[];
  readonly label?: string;
}) {
  const columns = useMemo(executionColumns, []);
  return <DataTable label={label} rows={executions} columns={columns} keyOf={({ id }) => id} height="60vh" />;
}

/** What is shown of the file of an execution; a revert has none. */
export function nameOf({ id, job_type, reverts_execution_id, result }: Execution): string {
  return job_type === 'REVERT'
    ? t.executions.revertOf(id, reverts_execution_id ?? '')
    : t.executions.file(id, result.input_file_name);
}

function executionColumns(): readonly Column<Execution>[] {
  return [
    {
      id: 'file',
      header: t.executions.input,
      minWidth: 220,
      cell: (of) => (
        <PageLink to={executionPage(of)}>
          <CutName text={nameOf(of)} />
        </PageLink>
      ),
    },
    {
      id: 'status',
      header: t.executions.status,
      width: 190,
      speaksForItself: true,
      cell: (of) => <StatusBadge execution={of} />,
    },
    {
      id: 'date',
      header: t.executions.received,
      width: 150,
      sortBy: ({ creation_date }) => creation_date,
      cell: ({ creation_date }) => <Ago instant={creation_date} />,
    },
    {
      id: 'duration',
      header: t.executions.duration,
      width: 120,
      isExtra: true,
      isNumber: true,
      sortBy: ({ duration }) => duration,
      cell: ({ duration }) => (duration === null ? '' : formatSpan(duration)),
    },
    {
      id: 'applied',
      header: t.executions.applied,
      width: 110,
      isNumber: true,
      sortBy: ({ result }) => result.total_success,
      cell: ({ result }) => formatNumber(result.total_success),
    },
    {
      id: 'failed',
      header: t.executions.failed,
      width: 100,
      isNumber: true,
      sortBy: ({ result }) => result.total_failure,
      cell: ({ result }) => formatNumber(result.total_failure),
    },
  ];
}
