import { Button, Code, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useLocation } from 'wouter';
import { pages } from '../api/paths.ts';
import { imports as importsQuery, sources as sourcesQuery } from '../api/queries.ts';
import type { ListedImport, Source } from '../api/types.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { Ago, Instant } from '../parts/instant.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { SourceForm } from '../sources/source-form.tsx';
import { placeOf, SourceBadge, whenOf } from '../sources/source-text.tsx';
import { t } from '../texts/texts.ts';

const ASK_MS = 5_000;
/** A place that is cut off could be any other. */
const WRAPPED = { whiteSpace: 'normal', overflowWrap: 'anywhere' } as const;

/** The sources of all imports; each is looked after on the page of its import. */
export function Sources() {
  const dm = useDatamartId();
  const [, navigate] = useLocation();
  const [isCreating, creating] = useDisclosure(false);
  const imports = useQuery(importsQuery(dm));
  const query = useQuery({ ...sourcesQuery(dm), refetchInterval: ASK_MS });
  const columns = useMemo(() => columnsFor(dm, imports.data ?? []), [dm, imports.data]);
  const withoutSource = (imports.data ?? []).filter(
    ({ id }) => query.data?.some((of) => of.document_import_id === id) === false,
  );
  return (
    <Stack>
      <Group justify="space-between">
        <Text size="sm">{t.sources.about}</Text>
        <Button
          size="xs"
          leftSection={<IconPlus size={14} aria-hidden />}
          disabled={withoutSource.length === 0}
          onClick={creating.open}
        >
          {t.sources.create}
        </Button>
      </Group>
      <Loaded query={query}>
        {(all) =>
          all.length === 0 ? (
            <Text size="sm" c="dimmed">
              {t.sources.noneYet}
            </Text>
          ) : (
            <DataTable
              label={t.settings.tabs.sources}
              rows={all}
              columns={columns}
              keyOf={({ document_import_id: id }) => id}
            />
          )
        }
      </Loaded>
      {isCreating && (
        <SourceForm
          source={null}
          imports={withoutSource}
          onClose={creating.close}
          onSaved={(importId) => navigate(`~${pages.import(dm, importId)}`)}
        />
      )}
    </Stack>
  );
}

function columnsFor(dm: string, imports: readonly ListedImport[]): readonly Column<Source>[] {
  return [
    {
      id: 'import',
      header: t.sources.import,
      minWidth: 130,
      cell: ({ document_import_id: id }) => (
        <PageLink to={pages.import(dm, id)}>{imports.find((of) => of.id === id)?.name ?? `#${id}`}</PageLink>
      ),
    },
    {
      id: 'state',
      header: t.sources.state,
      width: 150,
      speaksForItself: true,
      cell: (of) => <SourceBadge source={of} />,
    },
    {
      id: 'last',
      header: t.sources.lastPull,
      width: 130,
      cell: ({ last_run: last }) => (last === null ? t.units.never : <Ago instant={last.end_date} />),
    },
    {
      id: 'next',
      header: t.sources.nextPull,
      width: 200,
      cell: ({ next_run_ts: next }) => (next === null ? '–' : <Instant instant={next} />),
    },
    {
      id: 'place',
      header: t.sources.place,
      isExtra: true,
      minWidth: 200,
      cell: (of) => (
        <span style={WRAPPED}>
          {t.sources.kinds[of.kind]} <Code>{placeOf(of)}</Code>
        </span>
      ),
    },
    {
      id: 'when',
      header: t.sources.when,
      isExtra: true,
      minWidth: 160,
      cell: (of) => <span style={WRAPPED}>{whenOf(of)}</span>,
    },
  ];
}
