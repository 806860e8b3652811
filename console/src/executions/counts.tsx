import { ColorSwatch, Group, Paper, Progress, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import type { Execution } from '../api/types.ts';
import { hasEnded } from '../api/use-execution.ts';
import { formatNumber, formatShare } from '../parts/formats.ts';
import { Part } from '../parts/page.tsx';
import { t } from '../texts/texts.ts';
import { Corrections } from './corrections.tsx';

type Count = { readonly key: string; readonly label: string; readonly value: number; readonly color: string };

/** What became of every line, and of every pair of user and segment: two sums that come out. */
export function Counts({ execution }: { readonly execution: Execution }) {
  const { result, num_tasks: all, completed_tasks: done, job_type } = execution;
  const isRevert = job_type === 'REVERT';
  const lines: readonly Count[] = [
    { key: 'applied', label: t.counts.applied, value: result.total_success, color: 'teal' },
    { key: 'failed', label: t.counts.failed, value: result.total_failure, color: 'orange' },
    ...(result.not_applied === 0
      ? []
      : [{ key: 'notApplied', label: t.counts.notApplied, value: result.not_applied, color: 'gray' }]),
  ];
  const pairs: readonly Count[] = [
    { key: 'created', label: t.counts.created, value: result.memberships_created, color: 'teal' },
    { key: 'updated', label: t.counts.updated, value: result.memberships_updated, color: 'blue' },
    { key: 'deleted', label: t.counts.deleted, value: result.memberships_deleted, color: 'red' },
    { key: 'unchanged', label: t.counts.unchanged, value: result.unchanged, color: 'gray' },
    { key: 'superseded', label: t.counts.superseded, value: result.superseded, color: 'grape' },
    ...(result.memberships_kept === undefined || !isRevert
      ? []
      : [{ key: 'kept', label: t.counts.kept, value: result.memberships_kept, color: 'yellow' }]),
  ];
  return (
    <Part title={t.counts.title}>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        {!isRevert && (
          <Sum
            title={t.counts.lines}
            counts={lines}
            total={hasEnded(execution) ? (all ?? 0) : (done ?? 0)}
            hint={result.not_applied === 0 ? t.counts.linesHint : t.counts.notAppliedHint}
          />
        )}
        <Sum
          title={isRevert ? t.counts.memberships : t.counts.pairs}
          counts={pairs}
          total={pairs.reduce((sum, { value }) => sum + value, 0)}
          hint={isRevert ? t.counts.membershipsHint : t.counts.pairsHint}
        />
      </SimpleGrid>
      <Corrections execution={execution} />
      <Text size="sm" c="dimmed">
        {t.counts.usersCreated(formatNumber(result.user_points_created))}
        {result.memberships_left === undefined
          ? ''
          : ` ${t.counts.left(formatNumber(result.memberships_left))}`}
        {isRevert || !result.memberships_kept
          ? ''
          : ` ${t.counts.named(formatNumber(result.memberships_kept))}`}
      </Text>
    </Part>
  );
}

function Sum({
  title,
  counts,
  total,
  hint,
}: {
  readonly title: string;
  readonly counts: readonly Count[];
  readonly total: number;
  readonly hint: string;
}) {
  return (
    <Paper withBorder p="sm">
      <Stack gap="xs">
        <Progress.Root size="lg" aria-hidden>
          {counts.map(({ key, value, color }) => (
            <Progress.Section key={key} value={widthOf(value, total)} color={color} />
          ))}
        </Progress.Root>
        <Table fz="sm" verticalSpacing={4} aria-label={title}>
          <Table.Tbody>
            {counts.map(({ key, label, value, color }) => (
              <Table.Tr key={key}>
                <Table.Th scope="row" fw={400}>
                  <Group gap={8} wrap="nowrap">
                    <ColorSwatch
                      color={`var(--mantine-color-${color}-filled)`}
                      size={10}
                      withShadow={false}
                    />
                    {label}
                  </Group>
                </Table.Th>
                <Table.Td ta="end">{formatNumber(value)}</Table.Td>
                <Table.Td ta="end" w={80} c="dimmed">
                  {formatShare(value, total)}
                </Table.Td>
              </Table.Tr>
            ))}
            <Table.Tr fw={600}>
              <Table.Th scope="row">{title}</Table.Th>
              <Table.Td ta="end">{formatNumber(total)}</Table.Td>
              <Table.Td />
            </Table.Tr>
          </Table.Tbody>
        </Table>
        <Text size="xs" c="dimmed">
          {hint}
        </Text>
      </Stack>
    </Paper>
  );
}

const LEAST_WIDTH = 0.7;

/** In percent; what is not nothing can be seen. */
function widthOf(value: number, total: number): number {
  return value === 0 || total === 0 ? 0 : Math.max(LEAST_WIDTH, (value * 100) / total);
}
