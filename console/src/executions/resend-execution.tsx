import { useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { executionPage } from '../api/paths.ts';
import type { Execution } from '../api/types.ts';
import { ConfirmedAction } from '../parts/confirmed-action.tsx';
import { t } from '../texts/texts.ts';
import { canResend, type Resent, resend } from './resend.ts';

/** Sends the file of a run once more, or its failed lines alone, and goes to the new run. */
export function ResendExecution({
  execution,
  what,
}: {
  readonly execution: Execution;
  readonly what: Resent;
}) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  if (!canResend(execution, what)) return null;
  const action = what === 'FILE' ? 'RESEND_FILE' : 'RESEND_FAILED_LINES';
  return (
    <ConfirmedAction
      label={t.runs.actions[action]}
      title={t.runs.titles[action]('1')}
      text={t.runs.explanations[action]}
      run={() => resend(client, execution, what)}
      onDone={async (created) => {
        await client.invalidateQueries({ queryKey: ['executions'] });
        navigate(`~${executionPage(created)}`);
      }}
    />
  );
}
