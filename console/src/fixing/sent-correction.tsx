import { Paper, Stack, Text } from '@mantine/core';
import { executionPath } from '../api/paths.ts';
import type { Execution } from '../api/types.ts';
import { useExecution } from '../api/use-execution.ts';
import { ExecutionProgress } from '../executions/execution-progress.tsx';
import { t } from '../texts/texts.ts';

/** A correction that was sent from here, followed to its end. */
export function SentCorrection({ first }: { readonly first: Execution }) {
  const { data: execution = first } = useExecution(executionPath(first), { known: first });
  return (
    <Paper withBorder p="xs" component="section" aria-label={t.fixing.sentAs(first.id)}>
      <Stack gap={4}>
        <Text size="sm" fw={500}>
          {t.fixing.sentAs(first.id)}
        </Text>
        <ExecutionProgress execution={execution} isLinked />
      </Stack>
    </Paper>
  );
}
