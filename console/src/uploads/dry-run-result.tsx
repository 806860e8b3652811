import { Stack } from '@mantine/core';
import type { Execution } from '../api/types.ts';
import { SegmentSizes } from '../executions/segment-sizes.tsx';
import { SendOptions } from './send-options.tsx';
import type { UploadItem } from './uploads.tsx';

/** What a file would do, by segment, and what is to be done with it now. */
export function DryRunResult({
  item,
  execution,
}: {
  readonly item: UploadItem;
  readonly execution: Execution;
}) {
  const { mode, max_failure_ratio, max_shrink_ratio, create_missing_segments } = execution.parameters;
  return (
    <Stack gap="sm">
      <SegmentSizes execution={execution} />
      <SendOptions
        item={item}
        seen={execution}
        initial={{
          mode: mode === 'replace' ? 'REPLACE' : 'APPLY',
          maxFailureRatio: max_failure_ratio ?? null,
          maxShrinkRatio: max_shrink_ratio ?? null,
          createMissingSegments: create_missing_segments === true,
        }}
      />
    </Stack>
  );
}
