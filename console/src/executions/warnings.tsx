import { useQuery } from '@tanstack/react-query';
import { executionPath } from '../api/paths.ts';
import { executionWarnings } from '../api/queries.ts';
import type { Execution } from '../api/types.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Part } from '../parts/page.tsx';
import { WarningExamples } from '../parts/warning-examples.tsx';
import { t } from '../texts/texts.ts';

/** What is odd about the file of an execution and failed no line. */
export function Warnings({ execution }: { readonly execution: Execution }) {
  const counts = Object.entries(execution.result.warnings);
  const query = useQuery({ ...executionWarnings(executionPath(execution)), enabled: counts.length > 0 });
  if (counts.length === 0) return null;
  return (
    <Part title={t.warnings.title}>
      <Loaded query={query} rows={2}>
        {(examples) => <WarningExamples counts={counts} examples={examples} />}
      </Loaded>
    </Part>
  );
}
