import { Accordion, Code, Group, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { executionPath } from '../api/paths.ts';
import { failedLines } from '../api/queries.ts';
import type { Execution, FailedLine } from '../api/types.ts';
import { formatNumber, formatShare } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Part } from '../parts/page.tsx';
import { ServerText } from '../parts/server-text.tsx';
import { textOf } from '../parts/text-of.ts';
import { t } from '../texts/texts.ts';
import { UnknownSegments } from './unknown-segments.tsx';

/** How many lines of each code are shown. */
const MAX_EXAMPLES = 5;

/** Why lines failed, with some of them: number, reason, and the line itself. */
export function Failures({ execution }: { readonly execution: Execution }) {
  const { failures_by_code: byCode, total_failure: all, error_file_uri: uri } = execution.result;
  const { error_lines_omitted: omitted = 0 } = execution.result;
  const codes = Object.entries(byCode).sort(([, one], [, other]) => other - one);
  const [opened, setOpened] = useState<readonly string[]>(codes.slice(0, 1).map(([code]) => code));
  if (codes.length === 0) return null;
  return (
    <Part title={t.failures.title(formatNumber(all))}>
      {omitted > 0 && (
        <Text size="sm" mb="sm">
          {t.failures.omitted(formatNumber(omitted))}
        </Text>
      )}
      <Accordion variant="separated" multiple value={[...opened]} onChange={setOpened} order={3}>
        {codes.map(([code, count]) => (
          <Accordion.Item key={code} value={code}>
            <Accordion.Control>
              <Group justify="space-between" pe="md">
                <Group gap="xs">
                  <Code>{code}</Code>
                  <Text size="sm">{textOf(t.failures.meanings, code)}</Text>
                </Group>
                <Text size="sm">
                  {formatNumber(count)} · {formatShare(count, all)}
                </Text>
              </Group>
            </Accordion.Control>
            <Accordion.Panel>
              <Stack gap="xs">
                <Text size="sm">{textOf(t.failures.cures, code) ?? t.failures.unknownCure}</Text>
                {uri !== undefined && code === 'UNKNOWN_SEGMENT' && opened.includes(code) && (
                  <UnknownSegments execution={execution} />
                )}
                {uri !== undefined && opened.includes(code) && (
                  <Examples path={executionPath(execution)} code={code} />
                )}
              </Stack>
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Part>
  );
}

function Examples({ path, code }: { readonly path: string; readonly code: string }) {
  const query = useQuery(failedLines(path, code, MAX_EXAMPLES));
  return (
    <Loaded query={query} rows={2}>
      {({ data }) => (data.length === 0 ? <NotInFile /> : <FailedLines lines={data} />)}
    </Loaded>
  );
}

/** The error file was full before the first one, or the user of each was erased. */
function NotInFile() {
  return (
    <Text size="sm" c="dimmed">
      {t.failures.notInFile}
    </Text>
  );
}

function FailedLines({ lines }: { readonly lines: readonly FailedLine[] }) {
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
          {lines.map(({ error_line: line, error_message: message, raw }) => (
            <Table.Tr key={line}>
              <Table.Td ta="end">{formatNumber(line)}</Table.Td>
              <Table.Td>
                <ServerText message={message} />
              </Table.Td>
              <Table.Td>
                <Code style={{ wordBreak: 'break-all' }}>{raw.slice(0, 400)}</Code>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
