import { Button, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useSearchParams } from 'wouter';
import { runs as runsQuery } from '../api/queries.ts';
import type { Execution } from '../api/types.ts';
import { hasEnded } from '../api/use-execution.ts';
import { formatNumber } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { useSession } from '../session/session.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { BulkActions } from './bulk-actions.tsx';
import { ExecutionsTable } from './executions-table.tsx';
import { NO_FILTER, RUNS_PER_PAGE, type RunFilter, readFilter, writeFilter } from './run-filter.ts';
import { RunFilters } from './run-filters.tsx';

/** While something runs, and while nothing does. */
const ACTIVE_MS = 2_000;
const IDLE_MS = 10_000;

/**
 * All executions of a datamart, the newest first: found by filters that stand in the URL, and
 * followed while they run.
 */
export default function RunsPage() {
  const dm = useDatamartId();
  const { may } = useSession();
  const [search, setSearch] = useSearchParams();
  const filter = useMemo(() => readFilter(search), [search]);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const query = useQuery({
    ...runsQuery(dm, filter),
    placeholderData: (before) => before,
    refetchInterval: ({ state }) => (state.data?.data.every(hasEnded) === false ? ACTIVE_MS : IDLE_MS),
  });
  const change = (changed: Partial<RunFilter>, how: 'PUSH' | 'REPLACE' = 'PUSH') => {
    setSelected(new Set());
    setSearch(writeFilter({ ...filter, page: 1, ...changed }), { replace: how === 'REPLACE' });
  };
  return (
    <Page title={t.runs.title} subtitle={t.runs.subtitle}>
      <RunFilters filter={filter} onChange={change} />
      <Loaded query={query}>
        {({ data, total }) => (
          <>
            {may('editor') && (
              <BulkActions
                selected={data.filter(({ id }) => selected.has(id))}
                onClear={() => setSelected(new Set())}
              />
            )}
            {data.length === 0 ? (
              <NoRuns
                isFiltered={Object.keys(writeFilter(filter)).length > 0}
                onReset={() => change(NO_FILTER)}
              />
            ) : (
              <ExecutionsTable
                label={t.runs.title}
                executions={data}
                shows={['owner', 'token']}
                {...(may('editor') ? { selection: { selected, onChange: setSelected } } : {})}
              />
            )}
            <Pages total={total} shown={data} page={filter.page} onGo={(page) => change({ page })} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function NoRuns({ isFiltered, onReset }: { readonly isFiltered: boolean; readonly onReset: () => void }) {
  return (
    <Group gap="sm">
      <Text size="sm">{isFiltered ? t.runs.noneMatch : t.runs.none}</Text>
      {isFiltered && (
        <Button size="xs" variant="default" onClick={onReset}>
          {t.runs.reset}
        </Button>
      )}
    </Group>
  );
}

function Pages(of: {
  readonly total: number;
  readonly shown: readonly Execution[];
  readonly page: number;
  readonly onGo: (page: number) => void;
}) {
  const { total, shown, page, onGo } = of;
  const first = (page - 1) * RUNS_PER_PAGE;
  return (
    <Group gap="sm">
      <Text size="sm" c="dimmed" role="status">
        {shown.length === 0
          ? t.runs.count(formatNumber(total))
          : t.runs.shown(formatNumber(first + 1), formatNumber(first + shown.length), formatNumber(total))}
      </Text>
      {total > RUNS_PER_PAGE && (
        <>
          <Button size="xs" variant="default" disabled={page === 1} onClick={() => onGo(page - 1)}>
            {t.runs.newer}
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={first + shown.length >= total}
            onClick={() => onGo(page + 1)}
          >
            {t.runs.older}
          </Button>
        </>
      )}
    </Group>
  );
}
