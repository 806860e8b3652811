import { Accordion, Code, Group, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { readStart } from '../api/download.ts';
import type { Execution } from '../api/types.ts';
import { formatNumber, formatShare } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Part } from '../parts/page.tsx';
import { t } from '../texts/texts.ts';
import type { FailedLine } from './failed-lines.ts';

/** How much of the error file is looked at for examples. */
const SAMPLE_BYTES = 256 * 1024;
const MOST_EXAMPLES = 5;

/** Why lines failed, with some of them: number, reason, and the line itself. */
export function Failures({ execution }: { readonly execution: Execution }) {
  const { failures_by_code: byCode, total_failure: all, error_file_uri: uri } = execution.result;
  const { error_lines_omitted: omitted = 0 } = execution.result;
  const codes = Object.entries(byCode).sort(([, one], [, other]) => other - one);
  const query = useQuery({
    queryKey: ['failed lines', uri],
    queryFn: async () => {
      const { readFailedLines } = await import('./failed-lines.ts');
      const { text, isWhole } = await readStart(uri ?? '', SAMPLE_BYTES);
      return readFailedLines(text, isWhole);
    },
    enabled: uri !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (codes.length === 0) return null;
  return (
    <Part title={t.failures.title(formatNumber(all))}>
      {omitted > 0 && (
        <Text size="sm" mb="sm">
          {t.failures.omitted(formatNumber(omitted))}
        </Text>
      )}
      <Accordion
        variant="separated"
        multiple
        defaultValue={codes.slice(0, 1).map(([code]) => code)}
        order={3}
      >
        {codes.map(([code, count]) => (
          <Accordion.Item key={code} value={code}>
            <Accordion.Control>
              <Group justify="space-between" pe="md">
                <Code>{code}</Code>
                <Text size="sm">
                  {formatNumber(count)} · {formatShare(count, all)}
                </Text>
              </Group>
            </Accordion.Control>
            <Accordion.Panel>
              <Stack gap="xs">
                <Text size="sm">{t.failures.cures[code] ?? t.failures.unknownCure}</Text>
                {uri !== undefined && (
                  <Loaded query={query} rows={2}>
                    {(lines) => <Examples lines={lines.filter((line) => line.code === code)} />}
                  </Loaded>
                )}
              </Stack>
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Part>
  );
}

function Examples({ lines }: { readonly lines: readonly FailedLine[] }) {
  if (lines.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t.failures.furtherOn}
      </Text>
    );
  }
  return (
    <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table fz="sm" verticalSpacing={4} aria-label={t.failures.examples}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={80} ta="end">
              {t.preview.line}
            </Table.Th>
            <Table.Th>{t.failures.reason}</Table.Th>
            <Table.Th>{t.failures.text}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {lines.slice(0, MOST_EXAMPLES).map(({ line, message, text }) => (
            <Table.Tr key={line}>
              <Table.Td ta="end">{formatNumber(line)}</Table.Td>
              <Table.Td>{message}</Table.Td>
              <Table.Td>
                <Code style={{ wordBreak: 'break-all' }}>{text.slice(0, 400)}</Code>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
