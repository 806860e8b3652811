import { Group, Progress, Stack, Text } from '@mantine/core';
import { executionPage } from '../api/paths.ts';
import type { Execution } from '../api/types.ts';
import { hasEnded } from '../api/use-execution.ts';
import { formatBytes, formatNumber, formatSpan } from '../parts/formats.ts';
import { PageLink } from '../parts/page-link.tsx';
import { StatusBadge } from '../parts/status-badge.tsx';
import { t } from '../texts/texts.ts';
import { CancelExecution } from './cancel-execution.tsx';

/** How far an execution is, how fast, and how long it will take; what became of it once it has ended. */
export function ExecutionProgress({
  execution,
  isLinked = false,
}: {
  readonly execution: Execution;
  readonly isLinked?: boolean;
}) {
  const { progress, status } = execution;
  const isRunning = status === 'RUNNING';
  const percent = progress === undefined ? 0 : share(progress.bytes_read, progress.bytes_total);
  return (
    <Stack gap={6}>
      <Group justify="space-between">
        <Group gap="xs">
          <StatusBadge execution={execution} />
          <Text size="sm" role="status">
            {textOf(execution)}
          </Text>
        </Group>
        <Group gap="xs">
          {isLinked && <PageLink to={executionPage(execution)}>{t.executions.details}</PageLink>}
          {!hasEnded(execution) && <CancelExecution execution={execution} />}
        </Group>
      </Group>
      {!hasEnded(execution) && (
        <Progress
          value={isRunning ? percent : 0}
          animated={isRunning}
          aria-label={t.executions.progress}
          transitionDuration={150}
        />
      )}
    </Stack>
  );
}

function share(part: number, whole: number): number {
  return whole === 0 ? 100 : Math.min(100, (part * 100) / whole);
}

function textOf({ status, progress, result, error, dry_run: isDry }: Execution): string {
  if (status === 'PENDING') return t.executions.waits;
  if (status === 'RUNNING') {
    if (progress === undefined) return t.executions.begins;
    const { bytes_read, bytes_total, commands_per_second, eta_ms, phase } = progress;
    const read = t.executions.read(formatBytes(bytes_read), formatBytes(bytes_total));
    const rate = t.executions.rate(formatNumber(commands_per_second));
    const left = eta_ms === null ? '' : ` · ${t.executions.timeLeft(formatSpan(eta_ms))}`;
    return `${t.executions.phases[phase]} · ${read} · ${rate}${left}`;
  }
  if (status === 'FAILED' && error !== null) return error.message;
  const counts = [formatNumber(result.total_success), formatNumber(result.total_failure)] as const;
  return isDry === true ? t.executions.dryOutcome(...counts) : t.executions.outcome(...counts);
}
