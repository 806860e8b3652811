import { useQueryClient } from '@tanstack/react-query';
import { send } from '../api/client.ts';
import { executionPath } from '../api/paths.ts';
import { execution as executionQuery } from '../api/queries.ts';
import type { Execution } from '../api/types.ts';
import { ConfirmedAction } from '../parts/confirmed-action.tsx';
import { useSession } from '../session/session.tsx';
import { t } from '../texts/texts.ts';

/** Cancels an execution that has not ended, once that is confirmed. */
export function CancelExecution({ execution }: { readonly execution: Execution }) {
  const client = useQueryClient();
  const { may } = useSession();
  const path = executionPath(execution);
  if (!may('editor')) return null;
  return (
    <ConfirmedAction
      label={t.executions.cancel}
      title={t.executions.cancelTitle}
      text={t.executions.cancelText}
      color="red"
      run={() => send('POST', `${path}/action`, { action: 'CANCEL' })}
      onDone={() =>
        Promise.all([
          client.invalidateQueries({ queryKey: executionQuery(path).queryKey }),
          client.invalidateQueries({ queryKey: ['executions'] }),
        ])
      }
    />
  );
}
