import { randomUUID } from 'node:crypto';
import { type Batch, type BrokenLine, batchesOf } from '../apply/batches.ts';
import type { Client } from '../client.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { retrying } from '../import/retry.ts';
import { sendBody } from '../import/send.ts';
import { readable } from '../import/source.ts';
import { openStream } from '../import/spool.ts';
import { countOf, formatCount, note, print, printable } from '../output.ts';

/** The counts of a call, and how each is told. */
const TELL = {
  memberships_created: (count: number) => `${countOf(count, 'membership')} created`,
  memberships_updated: (count: number) => `${countOf(count, 'membership')} updated`,
  memberships_deleted: (count: number) => `${countOf(count, 'membership')} deleted`,
  unchanged: (count: number) => `${formatCount(count)} unchanged`,
  superseded: (count: number) => `${formatCount(count)} superseded`,
  user_points_created: (count: number) => `${countOf(count, 'user point')} created`,
} as const;
const COUNTS = Object.keys(TELL) as readonly (keyof typeof TELL)[];

type Counts = Record<(typeof COUNTS)[number] | 'total_success' | 'total_failure', number>;
type Answer = Counts & {
  readonly outcomes: readonly {
    readonly outcome: 'SUCCESS' | 'FAILURE';
    readonly error_code?: string;
    readonly error_message?: string;
  }[];
};
/** What became of a line. */
type LineOutcome = { readonly line: number; readonly outcome: 'SUCCESS' | 'FAILURE' } & Partial<BrokenLine>;

export const apply = command({
  name: 'apply',
  description: 'applies commands at once, without storing a file, and reports the outcome of each',
  args: {
    file: {
      type: 'positional',
      valueHint: 'FILE',
      required: false,
      description:
        'NDJSON, one command per line; - or nothing reads standard input and applies commands as they arrive',
    },
    'dry-run': {
      type: 'boolean',
      description: 'check and count everything, but write nothing',
    },
    'create-missing-segments': {
      type: 'boolean',
      description: 'create segments for technical names that do not exist yet; a dry run creates none',
    },
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
    json: { type: 'boolean', description: 'print one line of JSON per command on standard output' },
  },
  examples: [
    `echo '{"operation":"DELETE","user_account_id":"1234","segment_technical_name":"vip"}' | muster apply`,
    'tail -n 0 -F events.ndjson | muster apply -',
    'muster apply changes.ndjson --json',
  ],
  notes: [
    'Commands are sent in calls of up to 1,000, one call after the other. A call that breaks off is sent again with the same idempotency key, so nothing is applied twice.',
    'Use muster import for files that you want to store, count and revert.',
    'Exit codes: 0 every command applied, 2 some commands failed, 1 stopped early; everything before the line in the message was applied.',
  ],
  run: async (args) => {
    const client = openClient(args);
    const query = new URLSearchParams();
    if (args['dry-run']) query.set('dry_run', 'true');
    if (args['create-missing-segments']) query.set('create_missing_segments', 'true');
    const path = `${datamartPath(args.datamart)}/user_segment_commands?${query}`;
    const stream = await openStream(args.file ?? '-', new AbortController().signal).catch(
      (error: unknown) => {
        throw readable(error);
      },
    );
    const total = Object.fromEntries(
      [...COUNTS, 'total_success', 'total_failure'].map((name) => [name, 0]),
    ) as Counts;
    for await (const batch of batchesOf(stream)) {
      const answer = await send(client, path, batch);
      for (const name of Object.keys(total) as (keyof Counts)[]) total[name] += answer?.[name] ?? 0;
      total.total_failure += batch.broken.length;
      for (const outcome of outcomesOf(batch, answer)) {
        if (args.json) print(JSON.stringify(outcome));
        else if (outcome.outcome === 'FAILURE') print(describe(outcome));
      }
    }
    note(summaryOf(total, args['dry-run'] === true));
    return total.total_failure === 0 ? 0 : 2;
  },
});

async function send({ connection }: Client, path: string, { commands }: Batch): Promise<Answer | null> {
  const [first] = commands;
  if (first === undefined) return null;
  const bytes = Buffer.from(`{"commands":[${commands.map(({ text }) => text).join(',')}]}`);
  const body = {
    headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
    chunks: async function* () {
      yield bytes;
    },
    bytes: bytes.length,
  };
  const { signal } = new AbortController();
  try {
    const call = () => sendBody(connection, { path, body, signal, onSent: () => undefined });
    return ((await retrying(call, signal, 'the commands are')) as { data: Answer }).data;
  } catch (error) {
    note(`stopped at line ${first.line}; the lines before it were applied`);
    throw error;
  }
}

/** In the order of the lines. */
function outcomesOf({ commands, broken }: Batch, answer: Answer | null): readonly LineOutcome[] {
  const failed = broken.map((each): LineOutcome => ({ outcome: 'FAILURE', ...each }));
  const sent = commands.map(({ line }, i): LineOutcome => {
    const { outcome, error_code, error_message } = answer?.outcomes[i] ?? { outcome: 'FAILURE' as const };
    return {
      ...{ line, outcome },
      ...(error_code === undefined || error_message === undefined ? {} : { error_code, error_message }),
    };
  });
  return [...sent, ...failed].sort((one, other) => one.line - other.line);
}

function describe({ line, error_code, error_message }: LineOutcome): string {
  return printable(`line ${line}: ${error_code}: ${error_message}`);
}

function summaryOf(total: Counts, isDryRun: boolean): string {
  const applied = `${countOf(total.total_success, 'command')} ${isDryRun ? 'would be applied' : 'applied'}`;
  const counts = COUNTS.filter((name) => total[name] > 0).map((name) => TELL[name](total[name]));
  return [`${applied}, ${formatCount(total.total_failure)} failed`, ...counts].join('; ');
}
