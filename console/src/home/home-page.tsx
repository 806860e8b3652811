import { Anchor, Button, Group, Paper, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { pages } from '../api/paths.ts';
import { activity as activityQuery, runs as runsQuery, segments as segmentsQuery } from '../api/queries.ts';
import type { Activity } from '../api/types.ts';
import { ExecutionsTable } from '../executions/executions-table.tsx';
import { NO_FILTER, type RunFilter, writeFilter } from '../executions/run-filter.ts';
import { Queue } from '../operations/queue.tsx';
import { formatNumber } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Page, Part } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { ExpectedFiles } from './expected-files.tsx';
import { GettingStarted } from './getting-started.tsx';
import { LinesChart } from './lines-chart.tsx';
import { ShrunkSegments } from './shrunk-segments.tsx';

const ASK_MS = 15_000;
const MAX_RUNS = 10;

/** What came in during the last day, what failed, what shrank, and what runs now. */
export function HomePage() {
  const dm = useDatamartId();
  const query = useQuery({ ...activityQuery(dm), refetchInterval: ASK_MS });
  const segments = useQuery(segmentsQuery(dm));
  const isNew = segments.data?.length === 0;
  return (
    <Page title={t.home.title} subtitle={t.home.subtitle}>
      <Loaded query={query}>
        {(activity) =>
          isNew && activity.executions.total === 0 ? (
            <GettingStarted />
          ) : (
            <Stack gap="xl">
              <Tiles dm={dm} activity={activity} />
              <Part title={t.expected.title}>
                <ExpectedFiles activity={activity} />
              </Part>
              <Part title={t.home.throughput}>
                <LinesChart activity={activity} />
              </Part>
              <Part title={t.home.running}>
                <Queue />
              </Part>
              <Problems dm={dm} activity={activity} />
              <Part title={t.home.shrunk}>
                <ShrunkSegments activity={activity} />
              </Part>
              <LatestRuns dm={dm} />
            </Stack>
          )
        }
      </Loaded>
    </Page>
  );
}

const pageOfRuns = (dm: string, filter: Partial<RunFilter>) =>
  pages.runs(dm, writeFilter({ ...NO_FILTER, ...filter }));

/** The counts of the day; those of runs lead to the runs. */
function Tiles({ dm, activity }: { readonly dm: string; readonly activity: Activity }) {
  const { total, by_status, with_failed_lines } = activity.executions;
  const active = (by_status.PENDING ?? 0) + (by_status.RUNNING ?? 0);
  const failed = by_status.FAILED ?? 0;
  const sum = (of: 'lines_applied' | 'lines_failed') =>
    activity.hours.reduce((lines, hour) => lines + hour[of], 0);
  const tiles = [
    { label: t.home.received, value: total, to: pageOfRuns(dm, { time: 'day' }) },
    { label: t.home.active, value: active, to: pageOfRuns(dm, { status: 'active' }) },
    { label: t.home.failed, value: failed, to: pageOfRuns(dm, { time: 'day', status: 'failed' }) },
    {
      label: t.home.failures,
      value: with_failed_lines,
      to: pageOfRuns(dm, { time: 'day', status: 'failures' }),
    },
    { label: t.home.applied, value: sum('lines_applied'), to: null },
    { label: t.home.linesFailed, value: sum('lines_failed'), to: null },
  ];
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }}>
      {tiles.map(({ label, value, to }) => (
        <Paper key={label} withBorder p="sm">
          <Text size="xs" c="dimmed">
            {label}
          </Text>
          <Text fz="xl" fw={600} span>
            {to === null ? (
              formatNumber(value)
            ) : (
              <Anchor
                component={Link}
                href={`~${to}`}
                inherit
                aria-label={`${label}: ${formatNumber(value)}`}
              >
                {formatNumber(value)}
              </Anchor>
            )}
          </Text>
        </Paper>
      ))}
    </SimpleGrid>
  );
}

/** The last runs that failed, or of which lines failed. */
function Problems({ dm, activity }: { readonly dm: string; readonly activity: Activity }) {
  const { by_status, with_failed_lines } = activity.executions;
  const asking = { refetchInterval: ASK_MS };
  const failed = useQuery({ ...runsQuery(dm, { ...NO_FILTER, time: 'day', status: 'failed' }), ...asking });
  const failures = useQuery({
    ...runsQuery(dm, { ...NO_FILTER, time: 'day', status: 'failures' }),
    ...asking,
  });
  const found = [...(failed.data?.data ?? []), ...(failures.data?.data ?? [])];
  const unique = [...new Map(found.map((execution) => [execution.id, execution])).values()]
    .sort((one, other) => Number(other.id) - Number(one.id))
    .slice(0, MAX_RUNS);
  return (
    <Part title={t.home.problems}>
      {with_failed_lines + (by_status.FAILED ?? 0) === 0 ? (
        <Text size="sm">{t.home.noProblems}</Text>
      ) : (
        <ExecutionsTable label={t.home.problems} executions={unique} shows={['owner']} />
      )}
    </Part>
  );
}

function LatestRuns({ dm }: { readonly dm: string }) {
  const query = useQuery({
    ...runsQuery(dm, { ...NO_FILTER, time: 'day' }),
    refetchInterval: ASK_MS,
  });
  return (
    <Part title={t.home.recent} actions={<PageLink to={pages.runs(dm)}>{t.home.allRuns}</PageLink>}>
      <Loaded query={query}>
        {({ data }) =>
          data.length === 0 ? (
            <Group gap="sm">
              <Text size="sm">{t.home.noRuns}</Text>
              <Button component={Link} href={`~${pages.imports(dm)}`} size="xs" variant="default">
                {t.imports.title}
              </Button>
            </Group>
          ) : (
            <ExecutionsTable label={t.home.recent} executions={data.slice(0, MAX_RUNS)} shows={['owner']} />
          )
        }
      </Loaded>
    </Part>
  );
}
