import { Badge } from '@mantine/core';
import type { Source } from '../api/types.ts';
import { formatSpan } from '../parts/formats.ts';
import { t } from '../texts/texts.ts';

/** Where the files of a source are, in one line. */
export function placeOf(source: Source): string {
  const { kind, folder = '', url = '', bucket = '', prefix = '', host = '', port, user = '' } = source;
  if (kind === 'LOCAL') return folder;
  if (kind === 'HTTPS') return url;
  if (kind === 'S3') return `s3://${bucket}/${prefix}`;
  return `sftp://${user}@${host}${port === 22 || port === undefined ? '' : `:${port}`}/${folder.replace(/^\//, '')}`;
}

/** When a source is pulled. */
export function whenOf({ schedule }: Source): string {
  if (schedule === null) return t.sources.whenAsked;
  if (schedule.interval !== undefined) return t.sources.everySpan(formatSpan(schedule.interval));
  return t.sources.atCron(schedule.cron ?? '', schedule.time_zone ?? 'UTC');
}

const COLORS = {
  PULLING: 'blue',
  WAITING: 'blue',
  PAUSED: 'gray',
  FAILING: 'red',
  NEW: 'gray',
  GOOD: 'teal',
} as const;

/** How a source is. */
function stateOf({ status, enabled, failures, last_run: last }: Source): keyof typeof COLORS {
  if (status === 'RUNNING') return 'PULLING';
  if (status === 'PENDING') return 'WAITING';
  if (!enabled) return 'PAUSED';
  if (failures > 0) return 'FAILING';
  return last === null ? 'NEW' : 'GOOD';
}

export function SourceBadge({ source }: { readonly source: Source }) {
  const state = stateOf(source);
  return (
    <Badge color={COLORS[state]} variant="light" autoContrast>
      {t.sources.states[state]}
    </Badge>
  );
}
