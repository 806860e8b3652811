import type { ApiSegmentExecution } from '../api.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient, SEGMENT_ARG } from '../connection.ts';
import { findSegment } from '../find-segment.ts';
import { type Column, formatCount, formatInstant, print, printJson, table } from '../output.ts';

const COLUMNS: readonly Column<ApiSegmentExecution>[] = [
  { title: 'STARTED (UTC)', value: ({ date }) => formatInstant(date) },
  { title: 'EXECUTION', align: 'right', value: (row) => row.execution_id ?? '-' },
  { title: 'IMPORT', align: 'right', value: (row) => row.document_import_id ?? '-' },
  { title: 'FILE', value: fileOf },
  { title: 'ENTRIES', align: 'right', value: (row) => formatCount(row.entries) },
  { title: 'UPDATES', align: 'right', value: (row) => formatCount(row.updates) },
  { title: 'EXITS', align: 'right', value: (row) => formatCount(row.exits) },
  { title: 'REVERTED BY', align: 'right', value: (row) => row.reverted_by_execution_id ?? '-' },
];

export const segmentExecutions = command({
  name: 'segments executions',
  description: 'lists the executions that changed a segment, newest first',
  args: {
    ...SEGMENT_ARG,
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  run: async (args) => {
    const client = openClient(args);
    const { id } = await findSegment(client, datamartPath(args.datamart), args.segment);
    const executions = await client.listAll<ApiSegmentExecution>(`/audience_segments/${id}/executions`);
    if (args.json) printJson(executions);
    else print(executions.length === 0 ? 'no executions' : table(executions, COLUMNS));
    return 0;
  },
});

function fileOf(row: ApiSegmentExecution): string {
  if (row.reverts_execution_id !== null) return `takes back ${row.reverts_execution_id}`;
  return row.input_file_name ?? '-';
}
