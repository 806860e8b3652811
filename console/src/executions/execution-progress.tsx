import { Group, Progress, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { executionPage } from '../api/paths.ts';
import type { Execution } from '../api/types.ts';
import { hasEnded } from '../api/use-execution.ts';
import { formatBytes, formatNumber, formatSpan } from '../parts/formats.ts';
import { PageLink } from '../parts/page-link.tsx';
import { ServerText } from '../parts/server-text.tsx';
import { StatusBadge } from '../parts/status-badge.tsx';
import { t } from '../texts/texts.ts';
import { CancelExecution } from './cancel-execution.tsx';

/**
 * How far an execution is, how fast, and how long it will take; what became of it once it has
 * ended.
 */
export function ExecutionProgress({
  execution,
  isLinked = false,
}: {
  readonly execution: Execution;
  readonly isLinked?: boolean;
}) {
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
      {!hasEnded(execution) && <Bar execution={execution} />}
    </Stack>
  );
}

function Bar({ execution }: { readonly execution: Execution }) {
  const { progress, status } = execution;
  const isRunning = status === 'RUNNING';
  // as long as nothing is known the bar moves, and does not say how far that is
  if (isRunning && (progress === undefined || progress.bytes_read === 0))
    return <Progress value={100} color="gray" animated aria-hidden />;
  return (
    <Progress
      value={progress === undefined ? 0 : share(progress.bytes_read, progress.bytes_total)}
      animated={isRunning}
      aria-label={t.executions.progress}
      transitionDuration={150}
    />
  );
}

function share(part: number, whole: number): number {
  return whole === 0 ? 100 : Math.min(100, (part * 100) / whole);
}

function textOf(execution: Execution): ReactNode {
  const { status, result, error, dry_run: isDry } = execution;
  if (status === 'PENDING') return t.executions.waits;
  if (status === 'RUNNING') return runningText(execution);
  if (status === 'FAILED' && error !== null) return <ServerText message={error.message} />;
  const counts = [formatNumber(result.total_success), formatNumber(result.total_failure)] as const;
  return isDry === true ? t.executions.dryOutcome(...counts) : t.executions.outcome(...counts);
}

/** What is done now, and how far it is; of none of it what is not known. */
function runningText({ progress, job_type }: Execution): string {
  if (progress === undefined) return t.executions.begins;
  const { bytes_read, bytes_total, commands_read, commands_per_second, eta_ms } = progress;
  const isRevert = job_type === 'REVERT';
  const format = isRevert ? formatNumber : formatBytes;
  const read = isRevert ? t.executions.takenBack : t.executions.read;
  const parts = [
    isRevert ? t.executions.takesBack : stepOf(progress),
    bytes_read === 0 ? null : read(format(bytes_read), format(bytes_total)),
    commands_read === 0 || isRevert ? null : t.executions.linesRead(formatNumber(commands_read)),
    commands_per_second === null || isRevert ? null : t.executions.rate(formatNumber(commands_per_second)),
    eta_ms === null ? null : t.executions.timeLeft(formatSpan(eta_ms)),
  ];
  return parts.filter((part) => part !== null).join(' · ');
}

function stepOf({ phase, step, waiting }: NonNullable<Execution['progress']>): string {
  if (waiting !== null) return t.executions.waitsFor[waiting.reason];
  return step === null || step === 'WAITING' ? t.executions.phases[phase] : t.executions.steps[phase][step];
}
