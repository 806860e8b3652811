import { Alert, Button, Group, List, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { executionPage } from '../api/paths.ts';
import type { Execution } from '../api/types.ts';
import { ConfirmedAction } from '../parts/confirmed-action.tsx';
import { formatNumber } from '../parts/formats.ts';
import { PageLink } from '../parts/page-link.tsx';
import { t } from '../texts/texts.ts';
import { actOn, isFor, RUN_ACTIONS, type RunOutcome } from './run-actions.ts';
import { RunName } from './run-name.tsx';

const MAX_NAMED = 8;

/** What can be done to the runs that are selected, and what became of it. */
export function BulkActions({
  selected,
  onClear,
}: {
  readonly selected: readonly Execution[];
  readonly onClear: () => void;
}) {
  const client = useQueryClient();
  const [outcome, setOutcome] = useState<RunOutcome | null>(null);
  return (
    <>
      {selected.length > 0 && (
        <Group gap="xs" role="group" aria-label={t.runs.selected(formatNumber(selected.length))}>
          <Text size="sm" fw={500}>
            {t.runs.selected(formatNumber(selected.length))}
          </Text>
          {RUN_ACTIONS.map((action) => {
            const fitting = selected.filter((execution) => isFor(action, execution));
            return (
              <ConfirmedAction
                key={action}
                label={`${t.runs.actions[action]} (${formatNumber(fitting.length)})`}
                title={t.runs.titles[action](formatNumber(fitting.length))}
                text={t.runs.explanations[action]}
                isDisabled={fitting.length === 0}
                {...(action === 'CANCEL' ? { color: 'red' } : {})}
                run={() => actOn(client, action, fitting)}
                onDone={(ended) => {
                  setOutcome(ended);
                  onClear();
                }}
              >
                <Names executions={fitting} />
              </ConfirmedAction>
            );
          })}
          <Button size="xs" variant="subtle" onClick={onClear}>
            {t.runs.clear}
          </Button>
        </Group>
      )}
      {outcome !== null && <Outcome outcome={outcome} onClose={() => setOutcome(null)} />}
    </>
  );
}

function Names({ executions }: { readonly executions: readonly Execution[] }) {
  const left = executions.length - MAX_NAMED;
  return (
    <List size="sm">
      {executions.slice(0, MAX_NAMED).map((execution) => (
        <List.Item key={execution.id}>
          <RunName execution={execution} />
        </List.Item>
      ))}
      {left > 0 && <List.Item>{t.runs.others(formatNumber(left))}</List.Item>}
    </List>
  );
}

function Outcome({ outcome, onClose }: { readonly outcome: RunOutcome; readonly onClose: () => void }) {
  const { done, refused } = outcome;
  return (
    <Alert
      color={refused.length === 0 ? 'teal' : 'orange'}
      variant="light"
      role="status"
      title={t.runs.outcome(formatNumber(done.length), formatNumber(refused.length))}
      withCloseButton
      closeButtonLabel={t.close}
      onClose={onClose}
    >
      <List size="sm">
        {refused.map(({ execution, reason }) => (
          <List.Item key={execution.id}>
            <PageLink to={executionPage(execution)} isInText>
              <RunName execution={execution} />
            </PageLink>{' '}
            {reason}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
