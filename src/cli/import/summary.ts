import { type ApiExecution, hasEnded } from '../api.ts';
import { DATAMART_ARG } from '../connection.ts';
import { countOf, formatCount, formatDuration, printable } from '../output.ts';
import type { Outcome } from './import-file.ts';
import { warningLines } from './warnings.ts';

const EFFECTS = [
  ['memberships_created', 'memberships created'],
  ['memberships_updated', 'memberships updated'],
  ['memberships_deleted', 'memberships deleted'],
  ['memberships_left', 'left the segment'],
  ['memberships_kept', 'kept, as a failed line names them'],
  ['unchanged', 'unchanged'],
  ['superseded', 'superseded'],
  ['user_points_created', 'user points created'],
] as const;

/** What became of a file, as JSON. */
export function reportOf({
  file,
  exitCode,
  execution,
  errorFile,
  firstFailures,
  error,
  warnings = [],
}: Outcome) {
  return {
    file,
    exit_code: exitCode,
    execution,
    warnings,
    error_file: errorFile,
    first_failures: firstFailures,
    error,
  };
}

/** What became of every line of a file, as text. */
export function summarize(outcome: Outcome): string {
  const { execution } = outcome;
  const rows: [string, string][] = [];
  if (execution !== null && execution.num_tasks !== null) rows.push(...countRows(execution));
  for (const { segment_id: id, technical_name: name } of execution?.result?.segments_created ?? [])
    rows.push(['segment', id === null ? `${name}, would be made` : `${name}, made with id ${id}`]);
  for (const { size_before, size_after, ...segment } of execution?.result?.segments ?? [])
    rows.push([
      `segment ${segment.segment_id ?? segment.technical_name}`,
      `${formatCount(size_before)} → ${formatCount(size_after)} members`,
    ]);
  for (const { line, code, message } of outcome.firstFailures)
    rows.push([line === null ? '…' : `line ${formatCount(line)}`, `${code}: ${shorten(message)}`]);
  if (outcome.errorFile !== null) rows.push(['error file', outcome.errorFile]);
  const omitted = execution?.result?.error_lines_omitted ?? 0;
  if (omitted > 0)
    rows.push(['not in it', `the last ${countOf(omitted, 'failed line')}: the error file is full`]);
  if (execution !== null)
    rows.push(['execution', `${execution.id}, ${execution.status}, of ${outcome.target?.label}`]);
  if (execution !== null && hasReplaced(execution))
    rows.push(['undo with', `muster revert ${execution.id}${datamartFlag(outcome.target?.path ?? '')}`]);
  const width = Math.max(0, ...rows.map(([label]) => label.length));
  const lines = [
    headline(outcome),
    ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${printable(text)}`),
    ...warningLines(outcome.warnings ?? []),
  ];
  return lines.join('\n');
}

/** Whether segments were replaced, and something changed by it. */
function hasReplaced({ status, parameters, dry_run: isDry, result }: ApiExecution): boolean {
  if (parameters.mode !== 'replace' || isDry || status !== 'SUCCEEDED') return false;
  const { memberships_created = 0, memberships_updated = 0, memberships_deleted = 0 } = result ?? {};
  const { memberships_left = 0 } = result ?? {};
  return memberships_created + memberships_updated + memberships_deleted + memberships_left > 0;
}

/** A message may quote what it found, which can be long. */
function shorten(text: string): string {
  const most = 200;
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

function headline({ file, execution, error }: Outcome): string {
  const name = `${execution?.dry_run ? 'dry run of ' : ''}${printable(file)}`;
  if (execution === null) return `${name}: not imported`;
  if (execution.status === 'PENDING' || execution.status === 'RUNNING') {
    return error === null ? `${name}: received` : `${name}: received, not finished yet`;
  }
  const { num_tasks: lines, duration } = execution;
  if (lines === null) return `${name}: ${execution.status}`;
  if (duration === null) return `${name}: ${countOf(lines, 'line')}`;
  const rate = formatCount(Math.round((lines * 1000) / Math.max(1, duration)));
  return `${name}: ${countOf(lines, 'line')} in ${formatDuration(duration)} (${rate} lines/s)`;
}

function countRows(execution: ApiExecution): [string, string][] {
  const result = execution.result ?? {};
  const all = execution.num_tasks ?? 0;
  const failed = result.total_failure ?? execution.erroneous_tasks ?? 0;
  const counts: [string, number][] = [
    [execution.dry_run ? 'would be applied' : 'applied', result.total_success ?? all - failed],
    ['failed', failed],
    ...(result.not_applied ? [['valid, not applied', result.not_applied] as [string, number]] : []),
  ];
  const codes = Object.entries(result.failures_by_code ?? {}).sort(([, a], [, b]) => b - a);
  counts.push(...codes.map(([code, count]): [string, number] => [`  ${code}`, count]));
  const warnings = Object.entries(result.warnings ?? {});
  if (warnings.length > 0) counts.push(['warnings', warnings.reduce((sum, [, count]) => sum + count, 0)]);
  counts.push(...warnings.map(([code, count]): [string, number] => [`  ${code}`, count]));
  for (const [key, label] of EFFECTS) {
    const count = result[key];
    if (count !== undefined) counts.push([label, count]);
  }
  const texts = counts.map(([label, count]) => [label, formatCount(count)] as const);
  const width = Math.max(...texts.map(([, text]) => text.length));
  return texts.map(([label, text]) => [label, text.padStart(width)]);
}

/** What became of several files together; nothing while some go on. */
export function totalOf(outcomes: readonly Outcome[]): string | null {
  if (outcomes.some(({ execution }) => execution !== null && !hasEnded(execution))) return null;
  const applied = outcomes.some(({ execution }) => execution?.dry_run) ? 'would be applied' : 'applied';
  const imported = outcomes.filter(({ execution }) => execution !== null);
  const results = imported.flatMap(({ execution }) => execution?.result ?? []);
  const sum = (counts: readonly (number | undefined)[]) =>
    formatCount(counts.reduce<number>((all, count) => all + (count ?? 0), 0));
  const successes = sum(results.map((result) => result.total_success));
  const failures = sum(results.map((result) => result.total_failure));
  const rest = outcomes.length - imported.length;
  const not = rest === 0 ? '' : `, ${formatCount(rest)} not imported`;
  return `total of ${countOf(outcomes.length, 'file')}: ${successes} lines ${applied}, ${failures} failed${not}`;
}

/** How to look at an execution that goes on. */
export function followUp({ execution, target }: Outcome): string | null {
  if (execution === null || target === null) return null;
  return `Look at it with: muster status ${execution.id}${datamartFlag(target.path)}`;
}

/** What a command line needs beside the id of an execution: the datamart, where that is not the one it would take. */
export function datamartFlag(path: string): string {
  const [, id] = /^\/datamarts\/(\d+)/.exec(path) ?? [];
  return id === undefined || id === DATAMART_ARG.datamart.default ? '' : ` --datamart ${id}`;
}
