import type { ApiExecution, ApiSegment } from './api.ts';
import type { Client } from './client.ts';
import { UsageError } from './failures.ts';
import { readId } from './read-args.ts';

/** The flags that say whose execution is meant: executions are found under their import, or their segment. */
export const OWNER_ARGS = {
  import: { type: 'string', valueHint: 'ID', description: 'document import of the execution' },
  segment: { type: 'string', valueHint: 'ID', description: 'segment of the execution, for a user list' },
} as const;

type Owner = { readonly import?: string | undefined; readonly segment?: string | undefined };

/** The path under `/v1` that lists the executions of an import, or of a segment's user lists. */
export function executionsPath(datamart: string, owner: Owner): string {
  if ((owner.import === undefined) === (owner.segment === undefined))
    throw new UsageError('give --import or --segment: an execution is found under one of them');
  return owner.import === undefined
    ? `${datamart}/audience_segments/${readId(owner.segment ?? '', '--segment')}/user_list_imports`
    : `${datamart}/document_imports/${readId(owner.import, '--import')}/executions`;
}

/** One of the executions that `path` lists. */
export function getExecution(client: Client, path: string, id: string): Promise<ApiExecution> {
  return client.get<ApiExecution>(`${path}/${id}`);
}

/** How many segments a datamart has, without listing them. */
export async function countSegments(client: Client, datamartId: string): Promise<number> {
  const query = { datamart_id: datamartId, max_results: 1 };
  return (await client.list<ApiSegment>('/audience_segments', query)).total;
}
