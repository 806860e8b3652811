import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Loading } from './loading.tsx';
import { Problem } from './problem.tsx';

/**
 * Shows an answer, or that it is waited for, or why it did not come. What is there already stays
 * while it is asked for anew, and when that fails, which is said above it.
 */
export function Loaded<T>({
  query,
  children,
  rows,
}: {
  readonly query: UseQueryResult<T>;
  readonly children: (answer: T) => ReactNode;
  readonly rows?: number;
}) {
  if (query.data !== undefined) {
    return (
      <>
        {query.error !== null && <Problem error={query.error} onRetry={query.refetch} />}
        {children(query.data)}
      </>
    );
  }
  if (query.error !== null) return <Problem error={query.error} onRetry={query.refetch} />;
  return <Loading {...(rows === undefined ? {} : { rows })} />;
}
