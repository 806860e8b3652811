import type { Connection } from './client.ts';

/**
 * The service of an execution, and the path under `/v1` of the executions among which it is listed.
 */
export type Place = {
  readonly path: string;
  readonly connection: Pick<Connection, 'url' | 'flags' | 'datamart'>;
};

/**
 * A command line about an execution, with the flags that it takes to find it: `muster revert 17
 * --datamart 2`.
 */
export function commandAbout(verb: string, id: string, { path, connection }: Place): string {
  const [, datamart] = /^\/datamarts\/(\d+)/.exec(path) ?? [];
  const elsewhere =
    datamart === undefined || datamart === connection.datamart ? [] : [`--datamart ${datamart}`];
  return ['muster', verb, id, ...connection.flags, ...elsewhere].join(' ');
}

/** The console's page of an execution. */
export function executionPage(id: string, { path, connection }: Place): string {
  const page = path
    .replace('/document_imports/', '/imports/')
    .replace(/\/audience_segments\/(\d+)\/user_list_imports$/, '/segments/$1/user_lists');
  return `${connection.url}${page}/${id}`;
}
