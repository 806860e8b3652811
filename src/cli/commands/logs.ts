import { type ApiExecution, hasEnded } from '../api.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, openClient } from '../connection.ts';
import { exitCodeOf, locateExecution, OWNER_ARGS } from '../executions.ts';
import { followExecution } from '../follow.ts';
import { applyingDetail, phaseOf } from '../import/progress.ts';
import { countOf, formatCount, formatDuration, formatInstant, note, print } from '../output.ts';
import { commandAbout } from '../same-service.ts';
import { STATUS_TONES, tone } from '../style.ts';

/** Numbers of the same phase are told no more often. */
const QUIET_MS = 2_000;

export const logs = command({
  name: 'logs',
  description: 'shows when an execution was created, started and ended, and follows it while it runs',
  args: {
    execution: { type: 'positional', required: true, description: 'id of the execution' },
    follow: { type: 'boolean', alias: 'f', description: 'show progress until the execution ends' },
    ...OWNER_ARGS,
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  examples: ['muster logs 17', 'muster logs -f 17'],
  notes: [
    'Times are UTC. --json prints the execution as one line of JSON; with --follow, one line per change.',
    'Exit codes are those of muster status; 0 while the execution is running.',
  ],
  run: async (args) => {
    const client = openClient(args);
    const { path, execution } = await locateExecution(client, args);
    const show = args.json ? (each: ApiExecution) => print(JSON.stringify(each)) : lineWriter();
    if (!args.follow) {
      show(execution);
      return hasEnded(execution) ? exitCodeOf(execution) : 0;
    }
    const interrupt = new AbortController();
    process.once('SIGINT', () => interrupt.abort(new Error('interrupted')));
    let last = '';
    const onLook = (each: ApiExecution) => {
      const text = JSON.stringify(each);
      if (text !== last) show(each);
      last = text;
    };
    const end = await followExecution(client, { first: execution, path, onLook, signal: interrupt.signal });
    onLook(end);
    if (hasEnded(end)) return exitCodeOf(end);
    note(
      `stopped following; continue with: ${commandAbout('logs -f', end.id, { path, connection: client.connection })}`,
    );
    return 0;
  },
});

/** Writes what is new about an execution each time it is seen. */
function lineWriter(): (execution: ApiExecution) => void {
  const told = new Set<string>();
  let phase = '';
  let toldAt = 0;
  const tell = (at: number, status: string, text: string) =>
    print(`${formatInstant(at)}  ${tone(status.padEnd(9), STATUS_TONES[status] ?? null)}  ${text}`.trimEnd());
  const once = (at: number, status: string, text: string) => {
    if (!told.has(status)) tell(at, status, text);
    told.add(status);
  };
  return (execution) => {
    const { creation_date: creation, start_date: start, duration, status, result } = execution;
    once(creation, 'CREATED', result?.input_file_name ?? '');
    if (start !== null) once(start, 'STARTED', execution.dry_run ? 'dry run' : '');
    if (hasEnded(execution)) return once((start ?? creation) + (duration ?? 0), status, endText(execution));
    const now = Date.now();
    if (phaseOf(execution) === phase && now - toldAt < QUIET_MS) return;
    phase = phaseOf(execution);
    toldAt = now;
    tell(now, status, `${phase.trim()}  ${applyingDetail(execution)}`);
  };
}

function endText({ num_tasks: lines, erroneous_tasks: failed, duration, error }: ApiExecution): string {
  const parts = [
    ...(lines === null ? [] : [countOf(lines, 'line')]),
    ...(lines === null ? [] : [`${formatCount(failed ?? 0)} failed`]),
    ...(duration === null ? [] : [`took ${formatDuration(duration)}`]),
    ...(error === null ? [] : [error.message]),
  ];
  return parts.join(', ');
}
