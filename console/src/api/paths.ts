import type { Execution } from './types.ts';

/** Where things are in the API, and where the console shows them. */

export const importsPath = (datamartId: string) => `/v1/datamarts/${datamartId}/document_imports`;

export const previewPath = (datamartId: string) => `${importsPath(datamartId)}/preview`;

export const sourcePath = (datamartId: string, importId: string) =>
  `${importsPath(datamartId)}/${importId}/source`;

/** The API's path of an execution, whatever it is of. */
export function executionPath({ id, parameters }: Execution): string {
  const { datamart_id, document_import_id, segment_id } = parameters;
  return document_import_id === undefined
    ? `/v1/datamarts/${datamart_id}/audience_segments/${segment_id}/user_list_imports/${id}`
    : `${importsPath(String(datamart_id))}/${document_import_id}/executions/${id}`;
}

/** The documentation that the service serves, beside the page of the API. */
export const DOCUMENTATION = '/docs/index.html';

/** Pages of the console. */
export const pages = {
  home: (dm: string) => `/datamarts/${dm}/home`,
  imports: (dm: string) => `/datamarts/${dm}/imports`,
  import: (dm: string, id: string) => `/datamarts/${dm}/imports/${id}`,
  execution: (dm: string, importId: string, id: string) =>
    `/datamarts/${dm}/imports/${importId}/executions/${id}`,
  userList: (dm: string, segmentId: string, id: string) =>
    `/datamarts/${dm}/segments/${segmentId}/user_lists/${id}`,
  runs: (dm: string, filter: Readonly<Record<string, string>> = {}) => {
    const search = new URLSearchParams(filter).toString();
    return `/datamarts/${dm}/runs${search === '' ? '' : `?${search}`}`;
  },
  segments: (dm: string) => `/datamarts/${dm}/segments`,
  overlaps: (dm: string) => `/datamarts/${dm}/overlaps`,
  segment: (dm: string, id: string) => `/datamarts/${dm}/segments/${id}`,
  users: (dm: string, selector?: string) =>
    `/datamarts/${dm}/users${selector === undefined ? '' : `?user=${encodeURIComponent(selector)}`}`,
  operations: (dm: string) => `/datamarts/${dm}/operations`,
  settings: (dm: string, tab = 'webhooks') => `/datamarts/${dm}/settings/${tab}`,
};

/** The page of an execution. */
export function executionPage({ id, parameters }: Execution): string {
  const { datamart_id, document_import_id, segment_id } = parameters;
  const dm = String(datamart_id);
  return document_import_id === undefined
    ? pages.userList(dm, segment_id ?? '', id)
    : pages.execution(dm, String(document_import_id), id);
}

/** The page of an execution that is known by its ids; null where it has gone with its import. */
export function pageOfSource(
  dm: string,
  source: {
    readonly execution_id: string | null;
    readonly document_import_id: string | null;
    readonly segment_id: string;
  },
): string | null {
  if (source.execution_id === null) return null;
  return source.document_import_id === null
    ? pages.userList(dm, source.segment_id, source.execution_id)
    : pages.execution(dm, source.document_import_id, source.execution_id);
}
