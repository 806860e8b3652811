import { Alert, Badge, Code, Stack, Table, Text } from '@mantine/core';
import type { SourceTest } from '../api/types.ts';
import { formatBytes } from '../parts/formats.ts';
import { ServerText } from '../parts/server-text.tsx';
import { WideTable } from '../parts/wide-table.tsx';
import { t } from '../texts/texts.ts';

/** What a source showed when it was connected to, and what a run would take of it. */
export function Tested({
  test: { connected, error, host_key: hostKey, files },
}: {
  readonly test: SourceTest;
}) {
  if (!connected) {
    return (
      <Alert color="red" role="alert" title={t.sources.notConnected}>
        {error !== null && <ServerText message={error} />}
      </Alert>
    );
  }
  return (
    <Stack gap="xs">
      <Text size="sm" role="status">
        {files.length === 0 ? t.sources.connectedEmpty : t.sources.connected}
      </Text>
      {hostKey !== undefined && hostKey !== null && (
        <Text size="sm">
          {t.sources.fields.host_key} <Code style={{ overflowWrap: 'anywhere' }}>{hostKey}</Code>
        </Text>
      )}
      {files.length > 0 && (
        <WideTable minWidth={520}>
          <Table fz="sm" verticalSpacing={4} aria-label={t.sources.seen}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t.sources.file}</Table.Th>
                <Table.Th ta="end">{t.sources.size}</Table.Th>
                <Table.Th>{t.sources.outcome}</Table.Th>
                <Table.Th>{t.failures.reason}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {files.map(({ name, bytes, would_be_taken: isTaken, reason }) => (
                <Table.Tr key={name}>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>{name}</Table.Td>
                  <Table.Td ta="end">{bytes === null ? '' : formatBytes(bytes)}</Table.Td>
                  <Table.Td>
                    <Badge color={isTaken ? 'teal' : 'gray'} variant="light" autoContrast>
                      {isTaken ? t.sources.wouldBeTaken : t.sources.passedOver}
                    </Badge>
                  </Table.Td>
                  <Table.Td>
                    <ServerText message={reason} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </WideTable>
      )}
    </Stack>
  );
}
