import { Accordion, Button, Code, Group, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { executionPath } from '../api/paths.ts';
import { failedLines } from '../api/queries.ts';
import type { Execution, FailedLine } from '../api/types.ts';
import { SentCorrection } from '../fixing/sent-correction.tsx';
import { formatNumber, formatShare } from '../parts/formats.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Loading } from '../parts/loading.tsx';
import { Part } from '../parts/page.tsx';
import { ServerText } from '../parts/server-text.tsx';
import { textOf } from '../parts/text-of.ts';
import { useSession } from '../session/session.tsx';
import { t } from '../texts/texts.ts';
import { canResend } from './resend.ts';
import { UnknownSegments } from './unknown-segments.tsx';

// It brings the parsers of the service with it.
const FixLines = lazy(() => import('../fixing/fix-lines.tsx'));

/** How many lines of each code are shown at first, and then: as many as the service lists. */
const FEW_EXAMPLES = 5;
const MAX_EXAMPLES = 100;

/** Why lines failed, with some of them; who may correct them does it here. */
export function Failures({ execution }: { readonly execution: Execution }) {
  const { may } = useSession();
  // the code of the lines that are being corrected, '' for all
  const [fixing, setFixing] = useState<string | null>(null);
  const [sent, setSent] = useState<readonly Execution[]>([]);
  const [sentLines, setSentLines] = useState<ReadonlySet<number>>(new Set());
  const { failures_by_code: byCode, total_failure: all, error_lines_omitted: omitted = 0 } = execution.result;
  if (Object.keys(byCode).length === 0) return null;
  const mayFix = may('editor') && canResend(execution, 'FAILED_LINES');
  const onSent = (correction: Execution, lines: readonly number[] = []) => {
    setSent((before) => [...before, correction]);
    setSentLines((before) => new Set([...before, ...lines]));
  };
  return (
    <Part
      title={t.failures.title(formatNumber(all))}
      actions={
        mayFix && (
          <Button size="xs" variant="default" onClick={() => setFixing(fixing === null ? '' : null)}>
            {fixing === null ? t.fixing.open : t.fixing.close}
          </Button>
        )
      }
    >
      {omitted > 0 && (
        <Text size="sm" mb="sm">
          {t.failures.omitted(formatNumber(omitted))}
        </Text>
      )}
      {sent.map((correction) => (
        <SentCorrection key={correction.id} first={correction} />
      ))}
      {fixing === null ? (
        <ByCode execution={execution} onFix={mayFix ? setFixing : null} onSent={onSent} />
      ) : (
        <Suspense fallback={<Loading rows={4} />}>
          <FixLines
            execution={execution}
            code={fixing}
            sentLines={sentLines}
            onCode={setFixing}
            onSent={onSent}
          />
        </Suspense>
      )}
    </Part>
  );
}

function ByCode({
  execution,
  onFix,
  onSent,
}: {
  readonly execution: Execution;
  /** Opens the lines of a code to be corrected; null where nobody may. */
  readonly onFix: ((code: string) => void) | null;
  readonly onSent: (correction: Execution, lines: readonly number[]) => void;
}) {
  const { failures_by_code: byCode, total_failure: all, error_file_uri: uri } = execution.result;
  const codes = Object.entries(byCode).sort(([, one], [, other]) => other - one);
  const [opened, setOpened] = useState<readonly string[]>(codes.slice(0, 1).map(([code]) => code));
  return (
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
            <Stack gap="xs" align="flex-start">
              <Text size="sm">{textOf(t.failures.cures, code) ?? t.failures.unknownCure}</Text>
              {uri !== undefined && code === 'UNKNOWN_SEGMENT' && opened.includes(code) && (
                <UnknownSegments execution={execution} onSent={onSent} />
              )}
              {uri !== undefined && opened.includes(code) && (
                <Examples path={executionPath(execution)} code={code} />
              )}
              {onFix !== null && (
                <Button size="xs" variant="default" onClick={() => onFix(code)}>
                  {t.fixing.openCode}
                </Button>
              )}
            </Stack>
          </Accordion.Panel>
        </Accordion.Item>
      ))}
    </Accordion>
  );
}

function Examples({ path, code }: { readonly path: string; readonly code: string }) {
  const [most, setMost] = useState(FEW_EXAMPLES);
  const query = useQuery({
    ...failedLines(path, code, most),
    placeholderData: (before) => before,
  });
  return (
    <Loaded query={query} rows={2}>
      {({ data, total }) =>
        data.length === 0 ? (
          <NotInFile />
        ) : (
          <>
            <FailedLines lines={data} />
            {data.length < total && (
              <Button size="compact-xs" variant="subtle" onClick={() => setMost(MAX_EXAMPLES)}>
                {t.executions.more(formatNumber(total - data.length))}
              </Button>
            )}
          </>
        )
      }
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
    <Table.ScrollContainer minWidth={560} w="100%" scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
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
