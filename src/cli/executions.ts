import type { ApiExecution, ApiSegment } from './api.ts';
import type { Client } from './client.ts';
import type { ExitCode } from './command.ts';
import { datamartPath } from './connection.ts';
import { ApiError, CliError, UsageError } from './failures.ts';
import { findImport } from './find-import.ts';
import { findSegment } from './find-segment.ts';
import { readId } from './read-args.ts';

/** The flags that say whose executions are meant. */
export const OWNER_ARGS = {
  import: {
    type: 'string',
    valueHint: 'ID|NAME',
    description: 'the execution must be of this document import',
  },
  segment: {
    type: 'string',
    valueHint: 'ID|NAME',
    description: 'the execution must be of a user list of this segment',
  },
} as const;

type Owner = { readonly import?: string | undefined; readonly segment?: string | undefined };

/**
 * An execution, and the path under `/v1` of the executions among which it is found and acted on.
 */
export type Located = { readonly path: string; readonly execution: ApiExecution };

/**
 * The path under `/v1` that lists the executions of an import, or of a segment's user lists; of the
 * whole datamart where neither is named.
 */
export async function executionsPath(client: Client, datamart: string, owner: Owner): Promise<string> {
  if (owner.import !== undefined && owner.segment !== undefined)
    throw new UsageError('--import and --segment cannot be combined');
  if (owner.import !== undefined)
    return `${datamart}/document_imports/${(await findImport(client, datamart, owner.import)).id}/executions`;
  if (owner.segment === undefined) return `${datamart}/executions`;
  return `${datamart}/audience_segments/${(await findSegment(client, datamart, owner.segment)).id}/user_list_imports`;
}

/** Finds an execution by its id, which is all that it takes. */
export async function locateExecution(
  client: Client,
  args: Owner & { readonly datamart: string; readonly execution: string },
): Promise<Located> {
  const id = readId(args.execution, 'EXECUTION');
  const datamart = datamartPath(args.datamart);
  const among = await executionsPath(client, datamart, args);
  const execution = await getExecution(client, among, id).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.code !== 'NOT_FOUND') throw error;
    const where = ownerText(args) ?? `datamart ${args.datamart}; choose another one with --datamart`;
    throw new CliError(`no execution ${id} in ${where} (NOT_FOUND)`, { cause: error });
  });
  return { path: pathOf(datamart, execution), execution };
}

function ownerText(owner: Owner): string | null {
  if (owner.import !== undefined) return `document import ${owner.import}`;
  return owner.segment === undefined ? null : `segment ${owner.segment}`;
}

/** The executions that this one is listed among, which its own parameters tell. */
function pathOf(datamart: string, { parameters }: ApiExecution): string {
  return parameters.document_import_id === undefined
    ? `${datamart}/audience_segments/${parameters.segment_id}/user_list_imports`
    : `${datamart}/document_imports/${parameters.document_import_id}/executions`;
}

/** What an ended execution makes of a command that is about it. */
export function exitCodeOf({ status, erroneous_tasks: failed }: ApiExecution): ExitCode {
  if (status !== 'SUCCEEDED') return 1;
  return (failed ?? 0) > 0 ? 2 : 0;
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
