import { Button, Group, NativeSelect, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { send } from '../api/client.ts';
import { downloadFile } from '../api/download.ts';
import { segmentExports } from '../api/queries.ts';
import { hasEnded } from '../api/use-execution.ts';
import { formatNumber } from '../parts/formats.ts';
import { Ago } from '../parts/instant.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { lineOf, Problem } from '../parts/problem.tsx';
import { WideTable } from '../parts/wide-table.tsx';
import { t } from '../texts/texts.ts';

const FORMATS = ['TEXT_CSV', 'APPLICATION_X_NDJSON', 'APPLICATION_PARQUET'] as const;
const ASK_MS = 1_000;

/** Makes files of the members of a segment, and gives them out. */
export function Exports({ segmentId }: { readonly segmentId: string }) {
  const client = useQueryClient();
  const [format, setFormat] = useState<string>(FORMATS[0]);
  const query = useQuery({
    ...segmentExports(segmentId),
    refetchInterval: ({ state }) => (state.data?.data.some((of) => !hasEnded(of)) ? ASK_MS : false),
  });
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => send('POST', `/v1/audience_segments/${segmentId}/exports`, { mime_type: format }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['segment', segmentId, 'exports'] }),
  });
  return (
    <>
      <Group align="flex-end" mb="md">
        <NativeSelect
          label={t.exports.format}
          data={FORMATS.map((value) => ({ value, label: t.formats[value] }))}
          value={format}
          onChange={({ currentTarget }) => setFormat(currentTarget.value)}
        />
        <Button onClick={() => mutate()} loading={isPending}>
          {t.exports.make}
        </Button>
      </Group>
      {error !== null && <Problem error={error} />}
      <Loaded query={query} rows={3}>
        {({ data }) =>
          data.length === 0 ? (
            <Text size="sm" c="dimmed">
              {t.exports.none}
            </Text>
          ) : (
            <WideTable minWidth={520}>
              <Table fz="sm" maw={900} aria-label={t.segments.tabs.exports}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t.exports.asked}</Table.Th>
                    <Table.Th>{t.exports.format}</Table.Th>
                    <Table.Th>{t.executions.status}</Table.Th>
                    <Table.Th ta="end">{t.exports.identifiers}</Table.Th>
                    <Table.Th>{t.exports.file}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {data.map(({ id, creation_date, status, parameters, result }) => (
                    <Table.Tr key={id}>
                      <Table.Td>
                        <Ago instant={creation_date} />
                      </Table.Td>
                      <Table.Td>{t.formats[parameters.mime_type]}</Table.Td>
                      <Table.Td>{t.status[status]}</Table.Td>
                      <Table.Td ta="end">
                        {result == null ? '' : formatNumber(result.total_exported_identifiers)}
                      </Table.Td>
                      <Table.Td>
                        {result?.export_file_uri !== undefined && (
                          <DownloadExport uri={result.export_file_uri} />
                        )}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </WideTable>
          )
        }
      </Loaded>
    </>
  );
}

function DownloadExport({ uri }: { readonly uri: string }) {
  const { mutate, isPending } = useMutation({
    mutationFn: () => downloadFile(uri),
    onError: (error) => notifications.show({ color: 'red', message: lineOf(error) }),
  });
  return (
    <Button size="compact-xs" variant="default" loading={isPending} onClick={() => mutate()}>
      {t.exports.download}
    </Button>
  );
}
