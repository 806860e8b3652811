import { Badge, Button, Group, NativeSelect, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { pages } from '../api/paths.ts';
import { sourceFiles } from '../api/queries.ts';
import type { Source, SourceFile } from '../api/types.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { formatBytes, formatNumber } from '../parts/formats.ts';
import { Ago } from '../parts/instant.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { ServerText } from '../parts/server-text.tsx';
import { t } from '../texts/texts.ts';

const STATUSES = ['', 'TAKEN', 'SAME', 'DRY_RUN', 'REFUSED', 'FAILED'] as const;
const COLORS: Readonly<Record<SourceFile['status'], string>> = {
  TAKEN: 'teal',
  SAME: 'gray',
  DRY_RUN: 'blue',
  REFUSED: 'orange',
  FAILED: 'red',
};
const FEW = 20;
/** Rows of several lines are laid out all at once, and of more there is the filter. */
const MOST = 100;

/** What became of each file that a source had: the run that it is, or why it was not taken. */
export function SourceFiles({ source }: { readonly source: Source }) {
  const { datamart_id: dm, document_import_id: importId, last_run: last } = source;
  const [status, setStatus] = useState<string>('');
  const [most, setMost] = useState(FEW);
  const query = useQuery({
    ...sourceFiles(dm, importId, { status, most, run: last?.end_date ?? null }),
    placeholderData: (before) => before,
  });
  const columns = useMemo(() => columnsFor(dm, importId), [dm, importId]);
  // there is no record before the first run
  if (last === null) return null;
  return (
    <>
      <Group gap="sm" align="flex-end">
        <NativeSelect
          size="xs"
          label={t.sources.record}
          data={STATUSES.map((value) => ({ value, label: t.sources.statuses[value] }))}
          value={status}
          onChange={({ currentTarget: { value } }) => setStatus(value)}
        />
      </Group>
      <Loaded query={query} rows={2}>
        {({ data, total }) =>
          data.length === 0 ? (
            <Text size="sm" c="dimmed">
              {t.sources.noFiles}
            </Text>
          ) : (
            <>
              <DataTable
                label={t.sources.record}
                rows={data}
                columns={columns}
                keyOf={({ name, date, status: of }) => `${name} ${date} ${of}`}
              />
              {data.length < total && most < MOST && (
                <Button size="xs" variant="default" onClick={() => setMost(MOST)}>
                  {t.executions.more(formatNumber(total - data.length))}
                </Button>
              )}
              {total > MOST && (
                <Text size="sm" c="dimmed">
                  {t.audit.shown(formatNumber(data.length), formatNumber(total))}
                </Text>
              )}
            </>
          )
        }
      </Loaded>
    </>
  );
}

function columnsFor(dm: string, importId: string): readonly Column<SourceFile>[] {
  return [
    { id: 'name', header: t.sources.file, minWidth: 160, cell: ({ name }) => name },
    {
      id: 'status',
      header: t.sources.outcome,
      width: 130,
      speaksForItself: true,
      cell: ({ status }) => (
        <Badge color={COLORS[status]} variant="light" autoContrast>
          {t.sources.statuses[status]}
        </Badge>
      ),
    },
    {
      id: 'why',
      header: t.sources.why,
      minWidth: 200,
      cell: ({ execution_id: id, reason }) =>
        id === null ? (
          reason !== null && (
            <span style={{ whiteSpace: 'normal' }}>
              <ServerText message={reason} />
            </span>
          )
        ) : (
          <PageLink to={pages.execution(dm, importId, id)}>{t.executions.number(id)}</PageLink>
        ),
    },
    {
      id: 'bytes',
      header: t.sources.size,
      width: 100,
      isNumber: true,
      isExtra: true,
      cell: ({ bytes }) => (bytes === null ? '' : formatBytes(bytes)),
    },
    {
      id: 'date',
      header: t.sources.at,
      width: 140,
      isExtra: true,
      cell: ({ date }) => <Ago instant={date} />,
    },
  ];
}
