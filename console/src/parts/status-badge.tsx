import { Badge } from '@mantine/core';
import type { Execution, ExecutionStatus } from '../api/types.ts';
import { t } from '../texts/texts.ts';
import { formatNumber, formatShare } from './formats.ts';

const COLORS: Readonly<Record<ExecutionStatus, string>> = {
  PENDING: 'gray',
  RUNNING: 'blue',
  SUCCEEDED: 'teal',
  FAILED: 'red',
  CANCELED: 'gray',
};

/** How an execution stands. One with failed lines does not look like one without. */
export function StatusBadge({ execution }: { readonly execution: Execution }) {
  const { status, erroneous_tasks: failed, dry_run: isDry, result } = execution;
  const hasFailures = status === 'SUCCEEDED' && failed > 0;
  const isLost = hasFailures && result.total_success === 0;
  return (
    <Badge
      color={isLost ? 'red' : hasFailures ? 'orange' : COLORS[status]}
      variant="light"
      autoContrast
      title={hasFailures ? t.status.withFailures(formatNumber(failed)) : undefined}
    >
      {hasFailures
        ? `${t.status.failures(formatNumber(failed))} · ${formatShare(failed, failed + result.total_success)}`
        : t.status[status]}
      {status === 'RUNNING' && progressOf(execution)}
      {isDry === true ? ` · ${t.status.dryRun}` : ''}
    </Badge>
  );
}

/** How far it is, where that is known. */
function progressOf({ progress }: Execution): string {
  if (progress === undefined || progress.bytes_read === 0 || progress.bytes_total === 0) return '';
  return ` · ${Math.floor((progress.bytes_read * 100) / progress.bytes_total)} %`;
}
