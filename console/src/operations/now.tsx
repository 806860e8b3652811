import { Alert, Paper, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import type { ServingSamples } from '../../../src/model/metric-samples.ts';
import { datamartExecutions } from '../api/queries.ts';
import { ExecutionsTable } from '../executions/executions-table.tsx';
import { formatBytes, formatMs, formatNumber, formatShare, formatSpan } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Part } from '../parts/page.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { type Metrics, metrics, rateBetween } from './metrics.ts';
import { Queue } from './queue.tsx';

const Throughput = lazy(() => import('./throughput.tsx'));

const ASK_MS = 2_000;
/** Five minutes of samples. */
const MOST_SAMPLES = 150;

/** The queue, what runs, how fast, and what went wrong lately. */
export function Now() {
  const dm = useDatamartId();
  const numbers = useQuery(metrics());
  const recent = useQuery({ ...datamartExecutions(dm, undefined, 100), refetchInterval: 5 * ASK_MS });
  const samples = useSamples(numbers.data);
  return (
    <Stack gap="xl">
      <Loaded query={numbers} rows={2}>
        {(now) => <Tiles now={now} samples={samples} />}
      </Loaded>
      <Part title={t.now.throughput}>
        <Suspense fallback={null}>
          <Throughput samples={samples} />
        </Suspense>
      </Part>
      <Part title={t.now.queue}>
        <Queue />
      </Part>
      <Part title={t.now.problems}>
        <Loaded query={recent} rows={2}>
          {({ data }) => {
            const bad = data.filter(
              ({ status, erroneous_tasks }) => status === 'FAILED' || erroneous_tasks > 0,
            );
            return bad.length === 0 ? (
              <Text size="sm">{t.now.noProblems}</Text>
            ) : (
              <ExecutionsTable executions={bad} label={t.now.problems} />
            );
          }}
        </Loaded>
      </Part>
    </Stack>
  );
}

/** The last samples, for as long as the page is open. */
function useSamples(latest: Metrics | undefined): readonly Metrics[] {
  const [samples, setSamples] = useState<readonly Metrics[]>([]);
  useEffect(() => {
    if (latest !== undefined) setSamples((before) => [...before.slice(1 - MOST_SAMPLES), latest]);
  }, [latest]);
  return samples;
}

function Tiles({ now, samples }: { readonly now: Metrics; readonly samples: readonly Metrics[] }) {
  const rate = rateBetween(samples.at(-2), samples.at(-1));
  // lines count once they are merged: of what is still being read it is not known how fast it goes
  const isKnown = rate > 0 || now.running === 0;
  const p99 = now.lookUpP99Seconds === null ? null : formatMs(now.lookUpP99Seconds * 1000);
  const goal = now.lookUpGoalSeconds === null ? null : formatMs(now.lookUpGoalSeconds * 1000);
  const tiles = [
    { label: t.now.waiting, value: formatNumber(now.pending) },
    { label: t.now.running, value: formatNumber(now.running) },
    { label: t.now.oldest, value: formatSpan(now.oldestWaitSeconds * 1000) },
    { label: t.now.rate, value: isKnown ? formatNumber(Math.round(rate)) : '–' },
    { label: t.now.store, value: now.storeBytes === null ? '–' : formatBytes(now.storeBytes) },
    { label: t.now.free, value: now.diskFreeBytes === null ? '–' : formatBytes(now.diskFreeBytes) },
    { label: t.now.lookUps, value: p99 ?? '–' },
    { label: t.now.lookUpGoal, value: goal ?? t.now.noGoal },
  ];
  return (
    <>
      {!now.isStoreUp && <Alert color="red">{t.now.storeDown}</Alert>}
      {now.areImportsHeldBack && <Alert color="yellow">{t.now.heldBack(p99 ?? '–', goal ?? '–')}</Alert>}
      {now.serving !== null && !now.serving.isUp && (
        <Alert color="yellow">{t.now.servingDown(formatShare(now.serving.madeRatio, 1))}</Alert>
      )}
      <SimpleGrid cols={{ base: 2, sm: 4 }}>
        {tiles.map(({ label, value }) => (
          <Paper key={label} withBorder p="sm">
            <Text size="xs" c="dimmed">
              {label}
            </Text>
            <Text fz="xl" fw={600}>
              {value}
            </Text>
          </Paper>
        ))}
      </SimpleGrid>
      {now.serving?.isUp && (
        <Text size="xs" c="dimmed">
          {servingText(now.serving)}
        </Text>
      )}
    </>
  );
}

function servingText({ runs, fileBytes, memoryBytes, baseAgeSeconds }: ServingSamples): string {
  return t.now.serving({
    runs: formatNumber(runs),
    files: formatBytes(fileBytes),
    memory: formatBytes(memoryBytes),
    age: formatSpan((baseAgeSeconds ?? 0) * 1000),
  });
}
