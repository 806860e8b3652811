import { ActionIcon, Button, Card, Group, Progress, Stack, Text } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { lazy, Suspense } from 'react';
import { executionPath } from '../api/paths.ts';
import { hasEnded, useExecution } from '../api/use-execution.ts';
import { ExecutionProgress } from '../executions/execution-progress.tsx';
import { formatBytes, formatSpan } from '../parts/formats.ts';
import { Loading } from '../parts/loading.tsx';
import { Problem } from '../parts/problem.tsx';
import { t } from '../texts/texts.ts';
import { DryRunResult } from './dry-run-result.tsx';
import { type UploadItem, useUploads } from './uploads.tsx';

// It brings the parsers of the service with it.
const Preview = lazy(() => import('../preview/preview.tsx'));

/** A file on its way: looked at, sent, run. */
export function UploadCard({ item }: { readonly item: UploadItem }) {
  const { remove } = useUploads();
  const { file, stage, id } = item;
  return (
    <Card withBorder p="sm" component="section" aria-label={t.uploads.ofFile(file.name)}>
      <Group justify="space-between" wrap="nowrap" mb="xs">
        <Text fw={600} truncate>
          {file.name}{' '}
          <Text span size="sm" c="dimmed" fw={400}>
            {formatBytes(file.size)}
          </Text>
        </Text>
        {stage.at !== 'SENDING' && (
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t.uploads.dismiss(file.name)}
            onClick={() => remove(id)}
          >
            <IconX size={16} />
          </ActionIcon>
        )}
      </Group>
      <StageOf item={item} />
    </Card>
  );
}

function StageOf({ item }: { readonly item: UploadItem }) {
  const { remove, back } = useUploads();
  const { stage } = item;
  switch (stage.at) {
    case 'PREVIEW':
      return (
        <Suspense fallback={<Loading rows={4} />}>
          <Preview item={item} />
        </Suspense>
      );
    case 'SENDING':
      return <Sending item={item} stage={stage} onCancel={() => remove(item.id)} />;
    case 'SENT':
      return <Sent item={item} stage={stage} />;
    case 'REFUSED':
      return <Problem error={stage.error} onRetry={() => back(item.id)} />;
  }
}

function Sending({
  item: { file },
  stage: { sent, startedAt },
  onCancel,
}: {
  readonly item: UploadItem;
  readonly stage: Extract<UploadItem['stage'], { at: 'SENDING' }>;
  readonly onCancel: () => void;
}) {
  const elapsedMs = Math.max(1, Date.now() - startedAt);
  const perSecond = (sent * 1000) / elapsedMs;
  const leftMs = sent === 0 ? null : ((file.size - sent) / perSecond) * 1000;
  const percent = file.size === 0 ? 100 : Math.min(100, (sent * 100) / file.size);
  const isSent = sent >= file.size;
  const parts = [
    t.uploads.progress(formatBytes(sent), formatBytes(file.size)),
    sent === 0 ? null : t.uploads.rate(formatBytes(perSecond)),
    leftMs === null ? null : t.executions.timeLeft(formatSpan(leftMs)),
  ];
  return (
    <Stack gap={6}>
      <Progress value={percent} animated={isSent} aria-label={t.uploads.sent} transitionDuration={150} />
      <Group justify="space-between">
        <Text size="sm">
          {isSent ? t.uploads.receiving : parts.filter((part) => part !== null).join(' · ')}
        </Text>
        <Button size="xs" variant="default" onClick={onCancel}>
          {t.uploads.stop}
        </Button>
      </Group>
    </Stack>
  );
}

function Sent({
  item,
  stage: { execution: first, dryRun },
}: {
  readonly item: UploadItem;
  readonly stage: Extract<UploadItem['stage'], { at: 'SENT' }>;
}) {
  const { data: execution = first } = useExecution(executionPath(first), { known: first });
  return (
    <Stack gap="sm">
      <ExecutionProgress execution={execution} isLinked />
      {dryRun && hasEnded(execution) && <DryRunResult item={item} execution={execution} />}
    </Stack>
  );
}
