import { Badge, Button, Group, NativeSelect, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus, IconUsersGroup } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo } from 'react';
import { pages } from '../api/paths.ts';
import { segments as segmentsQuery } from '../api/queries.ts';
import type { Segment } from '../api/types.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { formatNumber, formatSpan } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { SearchInput } from '../parts/search-input.tsx';
import { Teach } from '../parts/teach.tsx';
import { useUrlFilter } from '../parts/url-filter.ts';
import { useSession } from '../session/session.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { SegmentForm } from './segment-form.tsx';
import { Trend } from './trend.tsx';

const KINDS = ['', 'importable', 'paused', 'empty'] as const;
type Kind = (typeof KINDS)[number];
const CHOICES = { search: 'ANY_TEXT', kind: KINDS } as const;
/** Ten thousand rows are not made anew for each letter. */
const REST_MS = 120;

/** All segments of a datamart with their sizes. */
export default function SegmentsPage() {
  const dm = useDatamartId();
  const { may } = useSession();
  const [isCreating, creating] = useDisclosure(false);
  const query = useQuery(segmentsQuery(dm));
  const create = may('editor') && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={creating.open}>
      {t.segments.create}
    </Button>
  );
  return (
    <Page title={t.segments.title} subtitle={t.segments.subtitle} actions={create}>
      <Loaded query={query}>
        {(all) =>
          all.length === 0 ? <NoSegments dm={dm}>{create}</NoSegments> : <SegmentList dm={dm} all={all} />
        }
      </Loaded>
      <SegmentForm key={String(isCreating)} isOpen={isCreating} onClose={creating.close} segment={null} />
    </Page>
  );
}

function SegmentList({ dm, all }: { readonly dm: string; readonly all: readonly Segment[] }) {
  const [{ search, kind }, changeFilter] = useUrlFilter(CHOICES);
  const sought = search.trim().toLowerCase();
  const shown = useMemo(() => all.filter((of) => passes(of, sought, kind)), [all, sought, kind]);
  const columns = useMemo(() => columnsFor(dm), [dm]);
  return (
    <>
      <Group gap="xs">
        <SearchInput
          label={t.segments.search}
          value={search}
          restMs={REST_MS}
          onChange={(text) => changeFilter({ search: text }, 'REPLACE')}
        />
        <NativeSelect
          aria-label={t.segments.kind}
          data={KINDS.map((value) => ({ value, label: t.segments.kinds[value] }))}
          value={kind}
          onChange={({ currentTarget }) => changeFilter({ kind: currentTarget.value as Kind })}
        />
        <Text size="sm" c="dimmed" role="status">
          {t.segments.shown(formatNumber(shown.length), formatNumber(all.length))}
        </Text>
      </Group>
      <DataTable
        label={t.segments.title}
        rows={shown}
        columns={columns}
        keyOf={({ id }) => id}
        sorted={{ id: 'size', desc: true }}
      />
    </>
  );
}

function passes(of: Segment, sought: string, kind: Kind): boolean {
  const found =
    sought === '' ||
    of.id === sought ||
    of.name.toLowerCase().includes(sought) ||
    of.technical_name?.toLowerCase().includes(sought) === true;
  if (!found) return false;
  switch (kind) {
    case '':
      return true;
    case 'importable':
      return of.type === 'USER_LIST' && of.feed_type === 'FILE_IMPORT' && !of.paused;
    case 'paused':
      return of.paused;
    case 'empty':
      return of.user_points_count === 0;
  }
}

function columnsFor(dm: string): readonly Column<Segment>[] {
  return [
    {
      id: 'name',
      header: t.segments.name,
      sortBy: ({ name }) => name,
      cell: ({ id, name }) => <PageLink to={pages.segment(dm, id)}>{name}</PageLink>,
    },
    {
      id: 'technical name',
      header: t.segments.technicalName,
      isExtra: true,
      sortBy: ({ technical_name }) => technical_name,
      cell: ({ technical_name }) => technical_name ?? '',
    },
    {
      id: 'size',
      header: t.segments.members,
      width: 120,
      isNumber: true,
      sortBy: ({ user_points_count }) => user_points_count,
      cell: ({ user_points_count }) => formatNumber(user_points_count),
    },
    {
      id: 'trend',
      header: t.segments.trend,
      isExtra: true,
      width: 130,
      speaksForItself: true,
      cell: ({ id }) => <Trend segmentId={id} />,
    },
    {
      id: 'ttl',
      header: t.segments.ttl,
      width: 130,
      isExtra: true,
      isNumber: true,
      sortBy: ({ default_ttl }) => default_ttl,
      cell: ({ default_ttl }) => (default_ttl === null ? '' : formatSpan(default_ttl)),
    },
    {
      id: 'state',
      header: t.segments.state,
      width: 120,
      speaksForItself: true,
      cell: (of) => (isImportable(of) ? null : <SegmentState segment={of} />),
    },
  ];
}

/** Whether files can be imported into a segment now. */
export function isImportable({ type, feed_type, paused }: Segment): boolean {
  return !paused && type === 'USER_LIST' && feed_type === 'FILE_IMPORT';
}

/** Whether files can be imported into a segment now. */
export function SegmentState({ segment: { type, feed_type, paused } }: { readonly segment: Segment }) {
  if (paused)
    return (
      <Badge color="yellow" variant="light" autoContrast>
        {t.segments.paused}
      </Badge>
    );
  if (type !== 'USER_LIST' || feed_type !== 'FILE_IMPORT')
    return (
      <Badge color="gray" variant="light" autoContrast>
        {t.segments.notImportable}
      </Badge>
    );
  return null;
}

function NoSegments({ dm, children }: { readonly dm: string; readonly children: ReactNode }) {
  return (
    <Teach
      title={t.segments.none.title}
      text={t.segments.none.text}
      icon={<IconUsersGroup />}
      lines={[
        { label: t.segments.none.curl, line: t.segments.none.curlLine(location.origin, dm) },
        { label: t.segments.none.cli, line: t.segments.none.cliLine(location.origin, dm) },
      ]}
    >
      {children}
    </Teach>
  );
}
