import type { ApiExpirations } from '../api.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient, SEGMENT_ARG } from '../connection.ts';
import { findSegment } from '../find-segment.ts';
import { type Column, countOf, formatCount, formatInstant, print, printJson, table } from '../output.ts';

const COLUMNS: readonly Column<ApiExpirations['expirations'][number]>[] = [
  { title: 'WITHIN', align: 'right', value: ({ days }) => countOf(days, 'day') },
  { title: 'UNTIL (UTC)', value: ({ until }) => formatInstant(until) },
  { title: 'USERS WHO LEAVE', align: 'right', value: (row) => formatCount(row.user_points_count) },
];

export const segmentExpirations = command({
  name: 'segments expirations',
  description: 'shows how many memberships of a segment expire soon',
  args: {
    ...SEGMENT_ARG,
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  run: async (args) => {
    const client = openClient(args);
    const { id } = await findSegment(client, datamartPath(args.datamart), args.segment);
    const told = await client.get<ApiExpirations>(`/audience_segments/${id}/expirations`);
    if (args.json) printJson(told);
    else print(`${table(told.expirations, COLUMNS)}\n\nof ${countOf(told.user_points_count, 'user')} now`);
    return 0;
  },
});
