import { Button, Group, NativeSelect, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconFileImport, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { executionPage, pages } from '../api/paths.ts';
import { imports as importsQuery } from '../api/queries.ts';
import type { ListedImport } from '../api/types.ts';
import { hasEnded } from '../api/use-execution.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { formatNumber } from '../parts/formats.ts';
import { Ago } from '../parts/instant.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { SearchInput } from '../parts/search-input.tsx';
import { StatusBadge } from '../parts/status-badge.tsx';
import { Teach } from '../parts/teach.tsx';
import { type FilterOf, useUrlFilter } from '../parts/url-filter.ts';
import { useSession } from '../session/session.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { CreateImport } from './create-import.tsx';

/** While one of them runs, the list is asked for again this often. */
const ASK_MS = 3_000;

const CHOICES = {
  search: 'ANY_TEXT',
  format: ['', 'ndjson', 'csv', 'parquet'],
  outcome: ['', 'failures', 'failed', 'running', 'none'],
} as const;
type Filter = FilterOf<typeof CHOICES>;
const MIME_TYPES = {
  ndjson: 'APPLICATION_X_NDJSON',
  csv: 'TEXT_CSV',
  parquet: 'APPLICATION_PARQUET',
} as const;
const REST_MS = 120;

/** All imports of a datamart, with what became of the last file of each. */
export default function ImportsPage() {
  const dm = useDatamartId();
  const { may } = useSession();
  const [isCreating, creating] = useDisclosure(false);
  const query = useQuery({
    ...importsQuery(dm),
    refetchInterval: ({ state }) => (state.data?.some(isRunning) ? ASK_MS : false),
  });
  const create = may('editor') && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={creating.open}>
      {t.imports.create}
    </Button>
  );
  return (
    <Page title={t.imports.title} subtitle={t.imports.subtitle} actions={create}>
      <Loaded query={query}>
        {(all) =>
          all.length === 0 ? <NoImports dm={dm}>{create}</NoImports> : <ImportList dm={dm} all={all} />
        }
      </Loaded>
      <CreateImport key={String(isCreating)} isOpen={isCreating} onClose={creating.close} />
    </Page>
  );
}

function isRunning({ last_execution: last }: ListedImport): boolean {
  return last != null && !hasEnded(last);
}

function ImportList({ dm, all }: { readonly dm: string; readonly all: readonly ListedImport[] }) {
  const [filter, changeFilter] = useUrlFilter(CHOICES);
  const shown = useMemo(() => all.filter((of) => passes(of, filter)), [all, filter]);
  const columns = useMemo(() => columnsFor(dm), [dm]);
  return (
    <>
      <Group gap="xs" align="flex-end">
        <SearchInput
          label={t.imports.search}
          value={filter.search}
          restMs={REST_MS}
          onChange={(search) => changeFilter({ search }, 'REPLACE')}
        />
        <NativeSelect
          aria-label={t.imports.format}
          data={CHOICES.format.map((value) => ({
            value,
            label: value === '' ? t.imports.allFormats : t.formats[MIME_TYPES[value]],
          }))}
          value={filter.format}
          onChange={({ currentTarget }) => changeFilter({ format: currentTarget.value as Filter['format'] })}
        />
        <NativeSelect
          aria-label={t.imports.outcome}
          data={CHOICES.outcome.map((value) => ({ value, label: t.imports.outcomes[value] }))}
          value={filter.outcome}
          onChange={({ currentTarget }) =>
            changeFilter({ outcome: currentTarget.value as Filter['outcome'] })
          }
        />
        <Text size="sm" c="dimmed" role="status">
          {t.imports.shown(formatNumber(shown.length), formatNumber(all.length))}
        </Text>
      </Group>
      <DataTable label={t.imports.title} rows={shown} columns={columns} keyOf={({ id }) => id} />
    </>
  );
}

function passes(of: ListedImport, { search, format, outcome }: Filter): boolean {
  const sought = search.trim();
  if (!of.name.toLowerCase().includes(sought.toLowerCase()) && of.id !== sought) return false;
  if (format !== '' && of.mime_type !== MIME_TYPES[format]) return false;
  const last = of.last_execution ?? null;
  switch (outcome) {
    case '':
      return true;
    case 'none':
      return last === null;
    case 'running':
      return isRunning(of);
    case 'failed':
      return last?.status === 'FAILED';
    case 'failures':
      return last !== null && last.erroneous_tasks > 0;
  }
}

function columnsFor(dm: string): readonly Column<ListedImport>[] {
  return [
    {
      id: 'name',
      header: t.imports.name,
      sortBy: ({ name }) => name,
      cell: ({ id, name }) => <PageLink to={pages.import(dm, id)}>{name}</PageLink>,
    },
    {
      id: 'format',
      header: t.imports.format,
      width: 90,
      isExtra: true,
      cell: (of) => t.formats[of.mime_type],
    },
    {
      id: 'priority',
      header: t.imports.priority,
      width: 100,
      isExtra: true,
      sortBy: ({ priority }) => ['LOW', 'MEDIUM', 'HIGH'].indexOf(priority),
      cell: ({ priority }) => t.priorities[priority],
    },
    {
      id: 'last',
      header: t.imports.last,
      width: 150,
      sortBy: ({ last_execution: last }) => last?.creation_date ?? null,
      cell: ({ last_execution: last }) =>
        last == null ? (
          <Text size="sm" c="dimmed">
            {t.imports.noFile}
          </Text>
        ) : (
          <Ago instant={last.creation_date} />
        ),
    },
    {
      id: 'outcome',
      header: t.imports.outcome,
      width: 190,
      speaksForItself: true,
      cell: ({ last_execution: last }) =>
        last == null ? null : (
          <PageLink to={executionPage(last)}>
            <StatusBadge execution={last} />
          </PageLink>
        ),
    },
    {
      id: 'lines',
      header: t.imports.lines,
      isExtra: true,
      width: 120,
      isNumber: true,
      sortBy: ({ last_execution: last }) => last?.completed_tasks ?? null,
      cell: ({ last_execution: last }) =>
        last?.completed_tasks == null ? '' : formatNumber(last.completed_tasks),
    },
  ];
}

function NoImports({ dm, children }: { readonly dm: string; readonly children: React.ReactNode }) {
  return (
    <Teach
      title={t.imports.none.title}
      text={t.imports.none.text}
      icon={<IconFileImport />}
      lines={[
        { label: t.imports.none.curl, line: t.imports.none.curlLine(location.origin, dm) },
        { label: t.imports.none.cli, line: t.imports.none.cliLine(location.origin, dm) },
      ]}
    >
      {children}
    </Teach>
  );
}
