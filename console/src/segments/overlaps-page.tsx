import { MultiSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { segments as segmentsQuery } from '../api/queries.ts';
import type { Segment } from '../api/types.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { OverlapMatrix } from './overlap-matrix.tsx';

const FIRST_SHOWN = 10;
const MOST_SEGMENTS = 40;
/** A list of ten thousand is searched, not scrolled. */
const MOST_OPTIONS = 50;

/** Which segments have users in common. */
export default function OverlapsPage() {
  const query = useQuery(segmentsQuery(useDatamartId()));
  return (
    <Page title={t.overlaps.title} subtitle={t.overlaps.subtitle}>
      <Loaded query={query}>{(all) => <Chosen all={all} />}</Loaded>
    </Page>
  );
}

function Chosen({ all }: { readonly all: readonly Segment[] }) {
  const [ids, setIds] = useState<string[]>(() =>
    [...all]
      .filter(({ user_points_count }) => user_points_count > 0)
      .sort((one, other) => other.user_points_count - one.user_points_count)
      .slice(0, FIRST_SHOWN)
      .map(({ id }) => id),
  );
  const names = useMemo(() => new Map(all.map(({ id, name }) => [id, name])), [all]);
  const options = useMemo(() => all.map(({ id, name }) => ({ value: id, label: name })), [all]);
  return (
    <>
      <MultiSelect
        label={t.overlaps.choose}
        data={options}
        value={ids}
        onChange={setIds}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': t.overlaps.clear }}
        limit={MOST_OPTIONS}
        maxValues={MOST_SEGMENTS}
        nothingFoundMessage={t.shell.nothingFound}
      />
      <OverlapMatrix ids={ids} names={names} />
    </>
  );
}
