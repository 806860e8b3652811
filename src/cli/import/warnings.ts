import type { ApiExecution, ApiWarning } from '../api.ts';
import type { Client } from '../client.ts';
import { formatCount, printable } from '../output.ts';

/**
 * The examples of an execution's warnings; none where there are no warnings, or where they cannot
 * be had.
 */
export async function listWarnings(
  client: Client,
  { path, execution }: { readonly path: string; readonly execution: ApiExecution },
): Promise<readonly ApiWarning[]> {
  if (Object.keys(execution.result?.warnings ?? {}).length === 0) return [];
  // the counts say that there are some: that their lines are missing is no failure
  return client.listAll<ApiWarning>(`${path}/${execution.id}/warnings`).catch(() => []);
}

/** The first line of each code, for people. */
export function warningLines(warnings: readonly ApiWarning[]): readonly string[] {
  const first = new Map<string, ApiWarning>();
  for (const warning of warnings) if (!first.has(warning.code)) first.set(warning.code, warning);
  return [...first.values()].map(({ line, message }) => {
    const where = line === null ? '' : ` in line ${formatCount(line)}`;
    return `  warning${where}: ${printable(message)}`;
  });
}
