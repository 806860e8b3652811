import type { ApiExecution } from './api.ts';
import type { Client } from './client.ts';
import { followExecution } from './follow.ts';

/**
 * Reverts an execution of those that `path` lists; resolves to the revert, when it has ended or
 * nobody waits any longer.
 */
export async function revertExecution(
  client: Client,
  of: { path: string; id: string; signal: AbortSignal },
): Promise<ApiExecution> {
  const first = await client.post<ApiExecution>(`${of.path}/${of.id}/action`, { action: 'REVERT' });
  return followExecution(client, { first, path: of.path, onLook: () => {}, signal: of.signal });
}
