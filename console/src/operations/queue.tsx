import { Paper, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { executionPath } from '../api/paths.ts';
import { datamartExecutions } from '../api/queries.ts';
import type { Execution } from '../api/types.ts';
import { useExecution } from '../api/use-execution.ts';
import { ExecutionProgress } from '../executions/execution-progress.tsx';
import { RunName } from '../executions/run-name.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';

const ASK_MS = 2_000;
const MAX_SHOWN = 50;

/** What runs in a datamart, and what waits, in the order in which it will run. */
export function Queue() {
  const query = useQuery({
    ...datamartExecutions(useDatamartId(), 'PENDING,RUNNING', MAX_SHOWN),
    refetchInterval: ASK_MS,
  });
  return (
    <Loaded query={query} rows={2}>
      {({ data }) => (data.length === 0 ? <Text size="sm">{t.now.idle}</Text> : <Queued executions={data} />)}
    </Loaded>
  );
}

function Queued({ executions }: { readonly executions: readonly Execution[] }) {
  // the list is newest first, the queue is served from its other end
  const inTurn = [...executions]
    .reverse()
    .sort((one, other) => Number(isWaiting(one)) - Number(isWaiting(other)));
  return (
    <Stack gap="sm">
      {inTurn.map((execution) => (
        <Paper key={execution.id} withBorder p="sm">
          <Followed execution={execution} />
        </Paper>
      ))}
    </Stack>
  );
}

function isWaiting({ status }: Execution): boolean {
  return status === 'PENDING';
}

/** One of the queue; only what runs is followed. */
function Followed({ execution }: { readonly execution: Execution }) {
  const { data = execution } = useExecution(executionPath(execution), {
    isEnabled: !isWaiting(execution),
    known: execution,
  });
  return (
    <>
      <Text size="sm" fw={500} mb={4}>
        <RunName execution={execution} />
      </Text>
      <ExecutionProgress execution={data} isLinked />
    </>
  );
}
