import { Badge, Group } from '@mantine/core';
import type { DocumentImport, Execution } from '../api/types.ts';
import { formatBytes } from '../parts/formats.ts';
import { t } from '../texts/texts.ts';
import { kindOf } from './executions-table.tsx';
import { TokenName } from './token-name.tsx';

/** What a run is at a glance: its format, what it does, the size of its file, and who sent it. */
export function RunChips({
  execution,
  format,
}: {
  readonly execution: Execution;
  readonly format: DocumentImport['mime_type'] | undefined;
}) {
  const { result, job_type, user_id } = execution;
  const chips = [
    job_type === 'REVERT' || format === undefined ? null : t.formats[format],
    kindOf(execution),
    result.input_file_bytes === undefined ? null : formatBytes(result.input_file_bytes),
  ];
  return (
    <Group gap={6}>
      {chips.map(
        (chip) =>
          chip !== null && (
            <Badge key={chip} variant="default" tt="none" fw={500}>
              {chip}
            </Badge>
          ),
      )}
      {user_id !== null && (
        <span>
          {t.executions.sentBy} <TokenName id={user_id} />
        </span>
      )}
    </Group>
  );
}
