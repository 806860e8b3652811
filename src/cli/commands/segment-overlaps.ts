import type { ApiOverlaps } from '../api.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { UsageError } from '../failures.ts';
import { findSegment } from '../find-segment.ts';
import { type Column, formatCount, print, printJson, table } from '../output.ts';

type Pair = { readonly one: string; readonly other: string; readonly users: number; readonly share: string };

const COLUMNS: readonly Column<Pair>[] = [
  { title: 'SEGMENT', value: ({ one }) => one },
  { title: 'AND', value: ({ other }) => other },
  { title: 'USERS IN BOTH', align: 'right', value: ({ users }) => formatCount(users) },
  { title: 'OF THE SMALLER', align: 'right', value: ({ share }) => share },
];

export const segmentOverlaps = command({
  name: 'segments overlaps',
  description: 'counts the users that each pair of segments has in common',
  positionals: 'any',
  args: { ...DATAMART_ARG, ...CONNECTION_ARGS },
  examples: ['muster segments overlaps vip newsletter 12'],
  notes: ['Takes 2 to 100 segments, by technical name or id. Counts are exact.'],
  run: async (args) => {
    const wanted = [...new Set(args._)];
    if (wanted.length < 2)
      throw new UsageError(`expected the names of at least 2 segments, got ${wanted.length}`);
    const client = openClient(args);
    const datamart = datamartPath(args.datamart);
    const segments = await Promise.all(wanted.map((name) => findSegment(client, datamart, name)));
    const ids = segments.map(({ id }) => id).join(',');
    const told = await client.get<ApiOverlaps>(`${datamart}/segment_overlaps?segment_ids=${ids}`);
    if (args.json) printJson(told);
    else print(table(pairsOf(told, new Map(segments.map(({ id }, at) => [id, wanted[at] ?? id]))), COLUMNS));
    return 0;
  },
});

/** The largest overlap first. */
function pairsOf(told: ApiOverlaps, names: ReadonlyMap<string, string>): readonly Pair[] {
  const sizes = new Map(told.segments.map((segment) => [segment.segment_id, segment.segment_size]));
  return told.overlaps
    .toSorted((a, b) => b.overlap_number - a.overlap_number)
    .map(({ segment_source_id: one, segment_intersect_with: other, overlap_number: users }) => {
      const smaller = Math.min(sizes.get(one) ?? 0, sizes.get(other) ?? 0);
      return {
        one: names.get(one) ?? one,
        other: names.get(other) ?? other,
        users,
        share: smaller === 0 ? '-' : `${((100 * users) / smaller).toFixed(1)} %`,
      };
    });
}
