import { Badge } from '@mantine/core';
import type { Execution, ExecutionStatus } from '../api/types.ts';
import { t } from '../texts/texts.ts';
import { formatNumber } from './formats.ts';

const COLORS: Readonly<Record<ExecutionStatus, string>> = {
  PENDING: 'gray',
  RUNNING: 'blue',
  SUCCEEDED: 'teal',
  FAILED: 'red',
  CANCELED: 'gray',
};

/** How an execution stands. One with failed lines does not look like one without. */
export function StatusBadge({ execution }: { readonly execution: Execution }) {
  const { status, erroneous_tasks: failed, dry_run: isDry } = execution;
  const hasFailures = status === 'SUCCEEDED' && failed > 0;
  return (
    <Badge
      color={hasFailures ? 'orange' : COLORS[status]}
      variant="light"
      autoContrast
      title={hasFailures ? t.status.withFailures(formatNumber(failed)) : undefined}
    >
      {hasFailures ? t.status.failures(formatNumber(failed)) : t.status[status]}
      {isDry === true ? ` · ${t.status.dryRun}` : ''}
    </Badge>
  );
}
