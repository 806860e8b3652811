import { Text } from '@mantine/core';
import { useMemo } from 'react';
import { pages } from '../api/paths.ts';
import type { Activity } from '../api/types.ts';
import { ExpectedBadge } from '../imports/expected-badge.tsx';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { formatNumber } from '../parts/formats.ts';
import { Instant } from '../parts/instant.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';

type ExpectedFile = Activity['expected_files'][number];

/** The imports that expect files: what is late and what is unusual comes first. */
export function ExpectedFiles({ activity }: { readonly activity: Activity }) {
  const dm = useDatamartId();
  const columns = useMemo(() => columnsFor(dm), [dm]);
  if (activity.expected_files.length === 0) return <Text size="sm">{t.expected.noneExpected}</Text>;
  return (
    <DataTable
      label={t.expected.title}
      rows={activity.expected_files}
      columns={columns}
      keyOf={({ document_import_id: id }) => id}
    />
  );
}

function columnsFor(dm: string): readonly Column<ExpectedFile>[] {
  return [
    {
      id: 'import',
      header: t.expected.import,
      cell: (of) => (
        <PageLink to={pages.import(dm, of.document_import_id)}>{of.document_import_name}</PageLink>
      ),
    },
    { id: 'state', header: t.expected.state, width: 260, cell: (of) => <ExpectedBadge expected={of} /> },
    {
      id: 'due',
      header: t.expected.lastDue,
      width: 180,
      cell: (of) => (of.last_due_ts === null ? '–' : <Instant instant={of.last_due_ts} />),
    },
    {
      id: 'last',
      header: t.imports.last,
      width: 180,
      cell: (of) => <LastFile of={of} dm={dm} />,
    },
    {
      id: 'commands',
      header: t.imports.lines,
      width: 100,
      isNumber: true,
      cell: (of) => (of.last_commands === null ? '–' : formatNumber(of.last_commands)),
    },
    {
      id: 'usual',
      header: t.expected.usual,
      width: 100,
      isNumber: true,
      cell: (of) => (of.usual_commands === null ? '–' : formatNumber(of.usual_commands)),
    },
  ];
}

function LastFile({ of, dm }: { readonly of: ExpectedFile; readonly dm: string }) {
  const { document_import_id: importId, last_execution_id: id, last_end_date: end } = of;
  if (id === null || end === null) return t.imports.noFile;
  return (
    <PageLink to={pages.execution(dm, importId, id)}>
      <Instant instant={end} />
    </PageLink>
  );
}
