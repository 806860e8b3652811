import { Badge, Code, Group, Stack, Table, Text } from '@mantine/core';
import { t } from '../texts/texts.ts';
import { formatNumber } from './formats.ts';
import { ServerText } from './server-text.tsx';
import { textOf } from './text-of.ts';

/** An example of a warning; `value` is what stands there, where it may be shown. */
export type WarningExample = {
  readonly line: number | null;
  readonly code: string;
  readonly message: string;
  readonly value?: string | undefined;
};

/** How many examples of each code are shown. */
const MAX_EXAMPLES = 3;

/** How often a file is warned of, by code, and the first lines of each. */
export function WarningExamples({
  counts,
  examples,
}: {
  readonly counts: readonly (readonly [code: string, count: number])[];
  readonly examples: readonly WarningExample[];
}) {
  const shown = counts.flatMap(([code]) =>
    examples.filter((example) => example.code === code).slice(0, MAX_EXAMPLES),
  );
  return (
    <Stack gap="xs">
      <Group gap="xs">
        {counts.map(([code, count]) => (
          <Badge
            key={code}
            color="yellow"
            variant="light"
            autoContrast
            title={textOf(t.warnings.cures, code)}
          >
            {code} {formatNumber(count)}
          </Badge>
        ))}
      </Group>
      <Table.ScrollContainer minWidth={480} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table fz="sm" verticalSpacing={4} aria-label={t.warnings.title}>
          <Table.Tbody>
            {shown.map(({ line, code, message, value }) => (
              <Table.Tr key={`${code} ${line} ${message}`}>
                <Table.Td w={90}>
                  {line === null ? t.warnings.file : t.warnings.line(formatNumber(line))}
                </Table.Td>
                <Table.Td>
                  <Text size="sm" span>
                    <ServerText message={message} meaning={textOf(t.warnings.meanings, code)} />
                  </Text>{' '}
                  {value !== undefined && <Code>{value}</Code>}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}
