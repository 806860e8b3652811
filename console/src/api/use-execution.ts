import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { followEvents } from './events.ts';
import { execution as executionQuery } from './queries.ts';
import type { Execution } from './types.ts';

/** How often is asked where no stream tells. */
const ASK_MS = 2_000;

export function hasEnded({ status }: Pick<Execution, 'status'>): boolean {
  return status !== 'PENDING' && status !== 'RUNNING';
}

/**
 * An execution as it gets further: by its events, and by asking where those cannot be had. `known`
 * is what an earlier answer said of it: one that ran then is followed to its end, however soon that
 * comes.
 */
export function useExecution(
  path: string,
  { isEnabled = true, known }: { readonly isEnabled?: boolean; readonly known?: Execution | undefined } = {},
) {
  const client = useQueryClient();
  const [isStreamed, setStreamed] = useState(false);
  const query = useQuery({
    ...executionQuery(path),
    enabled: isEnabled,
    ...(known === undefined ? {} : { initialData: known }),
    refetchInterval: ({ state }) =>
      !isStreamed && state.data !== undefined && !hasEnded(state.data) ? ASK_MS : false,
  });
  const isOn = query.data !== undefined && !hasEnded(query.data);

  useEffect(() => {
    if (!isOn) return;
    const leaving = new AbortController();
    const { queryKey } = executionQuery(path);
    const onState = (state: Execution) => client.setQueryData(queryKey, state);
    setStreamed(true);
    void followEvents(path, { signal: leaving.signal, onState }).then(() => setStreamed(false));
    return () => {
      leaving.abort();
      // whoever was looking saw it run: what it changes is looked at anew
      void forgetWhatChanges(client);
    };
  }, [isOn, path, client]);

  return query;
}

/** An execution changes segments, users, lists and what it corrects: they are asked for anew. */
export function forgetWhatChanges(client: QueryClient): Promise<void> {
  const changed = new Set(['imports', 'executions', 'execution', 'segments', 'segment', 'user', 'overlaps']);
  return client.invalidateQueries({ predicate: ({ queryKey }) => changed.has(String(queryKey[0])) });
}
