import type { ApiExecution, ApiUnknownSegment } from '../api.ts';
import type { Client } from '../client.ts';
import { countOf } from '../output.ts';

/** How many names a summary shows. */
const SHOWN = 5;

/** The names of segments that were not there, as far as they are shown, and how many there are. */
export type UnknownSegments = { readonly names: readonly ApiUnknownSegment[]; readonly total: number };

export const NO_UNKNOWN_SEGMENTS: UnknownSegments = { names: [], total: 0 };

/** None where they cannot be had. */
export async function listUnknownSegments(
  client: Client,
  { path, execution }: { readonly path: string; readonly execution: ApiExecution },
): Promise<UnknownSegments> {
  if (!execution.result?.failures_by_code?.UNKNOWN_SEGMENT) return NO_UNKNOWN_SEGMENTS;
  // the count of failures says that there are some: that they are missing is no failure
  return client
    .list<ApiUnknownSegment>(`${path}/${execution.id}/unknown_segments`, { max_results: SHOWN })
    .then(
      ({ data, total }) => ({ names: data, total }),
      () => NO_UNKNOWN_SEGMENTS,
    );
}

/** A row for each name: how many lines give it, and what was probably meant. */
export function unknownSegmentRows({ names, total }: UnknownSegments): [string, string][] {
  const rows = names.map(({ name, kind, lines, did_you_mean: meant, segment_id: id }): [string, string] => {
    const field = kind === 'ID' ? 'segment_id ' : '';
    const hint = id !== null ? `, is segment ${id} now` : meant === null ? '' : `, did you mean ${meant}?`;
    return ['no segment', `${field}${JSON.stringify(name)}: ${countOf(lines, 'line')}${hint}`];
  });
  const rest = total - names.length;
  return rest > 0 ? [...rows, ['no segment', `${countOf(rest, 'other name')}`]] : rows;
}

/** Whether some of the names may be new segments: nothing like them is there. */
export function mayBeNew({ names }: UnknownSegments): boolean {
  return names.some(
    ({ kind, did_you_mean: meant, segment_id: id }) =>
      kind === 'TECHNICAL_NAME' && meant === null && id === null,
  );
}
