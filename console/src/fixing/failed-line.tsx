import { Badge, Checkbox, Code, Group, Paper, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { memo } from 'react';
import { formatNumber } from '../parts/formats.ts';
import { ServerText } from '../parts/server-text.tsx';
import { textOf } from '../parts/text-of.ts';
import { t } from '../texts/texts.ts';
import type { Fault } from './check-record.ts';
import type { RecordContent } from './failed-records.ts';

/** A failed line: its cells or its text, which can be changed, and what is wrong with it. */
export const FailedLine = memo(function FailedLine({
  line,
  content,
  fault,
  columns,
  isLeftOut,
  onEdit,
  onLeaveOut,
}: {
  readonly line: number;
  readonly content: RecordContent;
  readonly fault: Fault;
  /** Of CSV. */
  readonly columns: readonly string[] | null;
  readonly isLeftOut: boolean;
  readonly onEdit: (line: number, content: RecordContent) => void;
  readonly onLeaveOut: (line: number, isLeftOut: boolean) => void;
}) {
  const name = t.warnings.line(formatNumber(line));
  return (
    <Paper withBorder p="xs" component="section" aria-label={name}>
      <Stack gap={6}>
        <Group gap="xs">
          <Checkbox
            size="xs"
            label={name}
            checked={fault === null && !isLeftOut}
            disabled={fault !== null}
            onChange={({ currentTarget: { checked } }) => onLeaveOut(line, !checked)}
          />
          <FaultText fault={fault} />
        </Group>
        {content.cells === undefined ? (
          <Textarea
            size="xs"
            aria-label={t.fixing.textOf(name)}
            value={content.text}
            onChange={({ currentTarget: { value } }) => onEdit(line, { text: value })}
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
            spellCheck={false}
            autosize
            minRows={1}
            maxRows={8}
          />
        ) : (
          <Group gap="xs" align="flex-end">
            {content.cells.map((cell, at) => (
              <TextInput
                // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
                key={at}
                size="xs"
                flex="1 1 9rem"
                miw={0}
                label={columns?.[at] || t.preview.unnamed}
                value={cell}
                onChange={({ currentTarget: { value } }) =>
                  onEdit(line, { cells: content.cells.with(at, value) })
                }
                spellCheck={false}
              />
            ))}
          </Group>
        )}
      </Stack>
    </Paper>
  );
});

function FaultText({ fault }: { readonly fault: Fault }) {
  if (fault === null)
    return (
      <Badge color="teal" variant="light" autoContrast>
        {t.fixing.good}
      </Badge>
    );
  return (
    <Text size="sm" c="var(--mantine-color-orange-text)" span style={{ overflowWrap: 'anywhere' }}>
      <Code>{fault.code}</Code>{' '}
      <ServerText message={fault.message} meaning={textOf(t.failures.meanings, fault.code)} />
    </Text>
  );
}
