import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { executionPath } from '../api/paths.ts';
import type { Execution } from '../api/types.ts';
import { type ImportOptions, importTarget, uploadFile } from '../api/upload.ts';
import { hasEnded, useExecution } from '../api/use-execution.ts';
import type { UploadItem } from './uploads.tsx';

/** Where a dry run is: on its way, running or ended, or not to be had. */
export type DryRun =
  | { readonly at: 'SENDING'; readonly sent: number }
  | { readonly at: 'RUNNING' | 'ENDED'; readonly execution: Execution }
  | { readonly at: 'REFUSED'; readonly error: unknown };

/** So old a dry run may be: what it says of the segments is what they are now, or nearly so. */
const FRESH_MS = 10 * 60_000;

/** Guards off: what the file would do is to be seen, whatever would be allowed. */
const UNGUARDED = { mode: 'REPLACE', maxFailureRatio: 1, maxShrinkRatio: 1 } as const;

/**
 * The dry run of a replacement by a file: the one that was seen of it, if it is fresh, and
 * otherwise a new one.
 */
export function useDryRun(
  item: UploadItem,
  seen: Execution | null,
  { createMissingSegments }: Pick<ImportOptions, 'createMissingSegments'>,
): DryRun {
  const client = useQueryClient();
  const [first] = useState(() => (isUsable(seen, createMissingSegments) ? seen : null));
  const [state, setState] = useState<Exclude<DryRun, { at: 'RUNNING' | 'ENDED' }> | Execution>(
    first ?? { at: 'SENDING', sent: 0 },
  );
  const { file, documentImport } = item;

  useEffect(() => {
    if (first !== null) return;
    const leaving = new AbortController();
    uploadFile({
      ...{ file, target: importTarget(documentImport), dryRun: true, key: crypto.randomUUID() },
      options: { ...UNGUARDED, createMissingSegments },
      onSent: (sent) => setState({ at: 'SENDING', sent }),
      signal: leaving.signal,
    })
      .then((execution) => {
        setState(execution);
        return client.invalidateQueries({ queryKey: ['executions'] });
      })
      .catch((error: unknown) => {
        if (!leaving.signal.aborted) setState({ at: 'REFUSED', error });
      });
    return () => leaving.abort();
  }, [first, file, documentImport, createMissingSegments, client]);

  const sent = 'at' in state ? null : state;
  const { data: execution = sent } = useExecution(sent === null ? '' : executionPath(sent), {
    isEnabled: sent !== null,
    known: sent ?? undefined,
  });
  if ('at' in state) return state;
  const known = execution ?? state;
  return { at: hasEnded(known) ? 'ENDED' : 'RUNNING', execution: known };
}

function isUsable(seen: Execution | null, createsSegments: boolean): seen is Execution {
  return (
    seen !== null &&
    seen.dry_run === true &&
    seen.parameters.mode === 'replace' &&
    (seen.parameters.create_missing_segments === true) === createsSegments &&
    seen.status === 'SUCCEEDED' &&
    Date.now() - seen.creation_date < FRESH_MS
  );
}
