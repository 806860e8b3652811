import { Alert, Code, Stack, Table, Text } from '@mantine/core';
import type { FilePreview } from '../api/types.ts';
import { formatInstant, formatNumber } from '../parts/formats.ts';
import { t } from '../texts/texts.ts';

const MAX_LINES = 6;

/** What the service would make of the first lines. */
export function PreviewedLines({ of: { refusal, lines, failures_by_code } }: { readonly of: FilePreview }) {
  if (refusal !== null) {
    return (
      <Alert color="red" role="alert" title={t.preview.refused}>
        {refusal.error}
      </Alert>
    );
  }
  const failed = Object.values(failures_by_code).reduce((sum, count) => sum + count, 0);
  return (
    <Stack gap="xs">
      <Text size="sm" role="status">
        {t.preview.summary(formatNumber(lines.length), formatNumber(failed), false)}
      </Text>
      <Table fz="sm" verticalSpacing={4} aria-label={t.preview.title}>
        <Table.Tbody>
          {lines.slice(0, MAX_LINES).map(({ line, command, error_code, error_message }) => (
            <Table.Tr key={line}>
              <Table.Td w={60}>{line}</Table.Td>
              <Table.Td>
                {command === null ? (
                  <Text size="sm" c="var(--mantine-color-orange-text)" span>
                    <Code>{error_code}</Code> {error_message}
                  </Text>
                ) : (
                  <CommandText command={command} />
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}

function CommandText({
  command,
}: {
  readonly command: NonNullable<FilePreview['lines'][number]['command']>;
}) {
  const user = command.user_account_id ?? command.email_hash ?? command.user_agent_id ?? '';
  const names = command.segments.map((of) => of.segment_technical_name ?? of.segment_id).join(', ');
  const until = command.segments[0]?.expiration_ts ?? null;
  const isUpdate = command.operation === 'UPDATE';
  const end = isUpdate ? (until === null ? t.units.never : formatInstant(until)) : '';
  return (
    <Text size="sm" span>
      {t.preview.operations[isUpdate ? 'UPDATE' : 'DELETE']} <Code>{user}</Code> {names} {end}
    </Text>
  );
}
