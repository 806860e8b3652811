import type { ApiExecution } from '../api.ts';
import { countOf, formatCount, formatDuration, printable } from '../output.ts';
import type { Outcome } from './import-file.ts';
import { warningLines } from './warnings.ts';

const EFFECTS = [
  ['memberships_created', 'memberships created'],
  ['memberships_updated', 'memberships updated'],
  ['memberships_deleted', 'memberships deleted'],
  ['memberships_left', 'left the segment'],
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
  for (const { segment_id, size_before, size_after } of execution?.result?.segments ?? [])
    rows.push([`segment ${segment_id}`, `${formatCount(size_before)} → ${formatCount(size_after)} members`]);
  for (const { line, code, message } of outcome.firstFailures)
    rows.push([`line ${formatCount(line)}`, `${code}: ${shorten(message)}`]);
  if (outcome.errorFile !== null) rows.push(['error file', outcome.errorFile]);
  const omitted = execution?.result?.error_lines_omitted ?? 0;
  if (omitted > 0)
    rows.push(['not in it', `the last ${countOf(omitted, 'failed line')}: the error file is full`]);
  if (execution !== null)
    rows.push(['execution', `${execution.id}, ${execution.status}, of ${outcome.target?.label}`]);
  const width = Math.max(0, ...rows.map(([label]) => label.length));
  const lines = [
    headline(outcome),
    ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${printable(text)}`),
    ...warningLines(outcome.warnings ?? []),
  ];
  return lines.join('\n');
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

/** How to look at an execution that goes on. */
export function followUp({ execution, target }: Outcome): string | null {
  if (execution === null || target === null) return null;
  const [, kind, id] = /(document_imports|audience_segments)\/(\d+)/.exec(target.path) ?? [];
  const flag = kind === 'audience_segments' ? '--segment' : '--import';
  return `Look at it with: muster status ${execution.id} ${flag} ${id}`;
}
