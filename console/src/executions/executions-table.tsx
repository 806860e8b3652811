import { Badge } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { executionPage, pages } from '../api/paths.ts';
import { imports as importsQuery, segments as segmentsQuery } from '../api/queries.ts';
import type { Execution } from '../api/types.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { formatNumber, formatSpan } from '../parts/formats.ts';
import { Ago } from '../parts/instant.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { StatusBadge } from '../parts/status-badge.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { fileNameOf, RunName } from './run-name.tsx';
import { TokenName } from './token-name.tsx';

/** Columns that not every list of executions has. */
export type ExtraColumn = 'owner' | 'token';

/** Executions as they were given, the newest first. */
export function ExecutionsTable({
  executions,
  label = t.executions.title,
  shows = [],
  selection,
}: {
  readonly executions: readonly Execution[];
  readonly label?: string;
  readonly shows?: readonly ExtraColumn[];
  readonly selection?: {
    readonly selected: ReadonlySet<string>;
    readonly onChange: (selected: ReadonlySet<string>) => void;
  };
}) {
  const extra = shows.join();
  const columns = useMemo(
    () => executionColumns().filter(({ id }) => !EXTRA.includes(id) || extra.split(',').includes(id)),
    [extra],
  );
  return (
    <DataTable
      label={label}
      rows={executions}
      columns={columns}
      keyOf={({ id }) => id}
      {...(selection === undefined
        ? {}
        : {
            selection: {
              ...selection,
              labelOf: (of: Execution) => t.runs.select(`${fileNameOf(of)} #${of.id}`),
              labelOfAll: t.runs.selectAll,
            },
          })}
    />
  );
}

const EXTRA: readonly string[] = ['owner', 'token'] satisfies ExtraColumn[];

/** What an execution is of: its import, or its segment. */
function OwnerName({ execution: { parameters } }: { readonly execution: Execution }) {
  const dm = useDatamartId();
  const { document_import_id: importId, segment_id: segmentId = '' } = parameters;
  const isOfImport = importId !== undefined;
  const { data: imports = [] } = useQuery({ ...importsQuery(dm), enabled: isOfImport });
  const { data: segments = [] } = useQuery({ ...segmentsQuery(dm), enabled: !isOfImport });
  const id = isOfImport ? String(importId) : segmentId;
  const owner: { readonly id: string; readonly name: string } | undefined = (
    isOfImport ? imports : segments
  ).find((of) => of.id === id);
  const to = isOfImport ? pages.import(dm, id) : pages.segment(dm, id);
  return <PageLink to={to}>{owner?.name ?? `#${id}`}</PageLink>;
}

/** What kind of run it is, where it is not a plain import. */
export function kindOf({ job_type, dry_run: isDry, parameters }: Execution): string | null {
  const kind =
    job_type === 'USER_SEGMENT_IMPORT'
      ? t.kinds.USER_LIST
      : parameters.mode === 'replace'
        ? t.kinds.REPLACE
        : null;
  if (isDry !== true) return kind;
  return kind === null ? t.kinds.DRY_RUN : `${kind}, ${t.kinds.DRY_RUN.toLowerCase()}`;
}

function Kind({ execution }: { readonly execution: Execution }) {
  const kind = kindOf(execution);
  if (kind === null) return null;
  return (
    <Badge variant="default" tt="none" fw={500}>
      {kind}
    </Badge>
  );
}

function executionColumns(): readonly Column<Execution>[] {
  return [
    {
      id: 'file',
      header: t.executions.input,
      minWidth: 220,
      cell: (of) => (
        <>
          <PageLink to={executionPage(of)}>
            <RunName execution={of} />
          </PageLink>{' '}
          <Kind execution={of} />
        </>
      ),
    },
    {
      id: 'owner',
      header: t.executions.of,
      width: 150,
      isExtra: true,
      cell: (of) => <OwnerName execution={of} />,
    },
    {
      id: 'status',
      header: t.executions.status,
      width: 185,
      speaksForItself: true,
      cell: (of) => <StatusBadge execution={of} />,
    },
    {
      id: 'date',
      header: t.executions.received,
      width: 135,
      sortBy: ({ creation_date }) => creation_date,
      cell: ({ creation_date }) => <Ago instant={creation_date} />,
    },
    {
      id: 'applied',
      header: t.executions.applied,
      width: 90,
      isExtra: true,
      isNumber: true,
      sortBy: ({ result }) => result.total_success,
      cell: ({ result }) => formatNumber(result.total_success),
    },
    {
      id: 'failed',
      header: t.executions.failed,
      width: 80,
      isExtra: true,
      isNumber: true,
      sortBy: ({ result }) => result.total_failure,
      cell: ({ result }) => formatNumber(result.total_failure),
    },
    {
      id: 'duration',
      header: t.executions.duration,
      width: 95,
      isExtra: true,
      isNumber: true,
      sortBy: ({ duration }) => duration,
      cell: ({ duration }) => (duration === null ? '' : formatSpan(duration)),
    },
    {
      id: 'token',
      header: t.executions.token,
      width: 120,
      isExtra: true,
      cell: (of) => <TokenName id={of.user_id} />,
    },
  ];
}
