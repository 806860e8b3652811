import { type ApiExecution, hasEnded } from '../api.ts';
import { countOf, formatCount, formatDuration, printable } from '../output.ts';
import { commandAbout, executionPage } from '../same-service.ts';
import { sign, tone } from '../style.ts';
import type { Outcome } from './import-file.ts';
import { mayBeNew, NO_UNKNOWN_SEGMENTS, unknownSegmentRows } from './unknown-segments.ts';
import { warningLines } from './warnings.ts';

/** What became of memberships and users: a count, how it is told, and how of a dry run. */
/** Fewer lines than this have no rate worth telling. */
const MIN_LINES_FOR_RATE = 1_000;

const EFFECTS = [
  ['memberships_created', 'memberships created', 'memberships would be created'],
  ['memberships_updated', 'memberships updated', 'memberships would be updated'],
  ['memberships_deleted', 'memberships deleted by a line', 'memberships would be deleted by a line'],
  ['memberships_left', 'removed, not in the file', 'would be removed, not in the file'],
  ['memberships_kept', 'kept, a failed line names them', 'would be kept, a failed line names them'],
  ['unchanged', 'unchanged', 'would stay unchanged'],
  ['superseded', 'superseded by a later line', 'superseded by a later line'],
  ['user_points_created', 'user points created', 'user points would be created'],
] as const;

/** What became of a file, as JSON. */
export function reportOf({
  file,
  exitCode,
  execution,
  target,
  errorFile,
  firstFailures,
  error,
  warnings = [],
  unknownSegments,
}: Outcome) {
  return {
    file,
    exit_code: exitCode,
    execution,
    console_url: execution === null || target === null ? null : executionPage(execution.id, target),
    warnings,
    unknown_segments: unknownSegments?.names ?? [],
    error_file: errorFile,
    first_failures: firstFailures,
    error,
  };
}

/** What became of every line of a file, as text. */
export function summarize(outcome: Outcome): string {
  const { execution, target } = outcome;
  const rows: [string, string][] = [];
  if (execution !== null && execution.num_tasks !== null) rows.push(...countRows(execution));
  if (execution !== null) rows.push(...correctionRows(execution));
  for (const { segment_id: id, technical_name: name } of execution?.result?.segments_created ?? [])
    rows.push(['segment', id === null ? `${name}, would be created` : `${name}, created with id ${id}`]);
  for (const { size_before, size_after, ...segment } of execution?.result?.segments ?? [])
    rows.push([
      `segment ${segment.segment_id ?? segment.technical_name}`,
      `${formatCount(size_before)} → ${formatCount(size_after)} members`,
    ]);
  const unknown = outcome.unknownSegments ?? NO_UNKNOWN_SEGMENTS;
  rows.push(...unknownSegmentRows(unknown));
  for (const { line, code, message } of outcome.firstFailures)
    rows.push([line === null ? '…' : `line ${formatCount(line)}`, `${code}: ${shorten(message)}`]);
  if (outcome.errorFile !== null) rows.push(['error file', outcome.errorFile]);
  const omitted = execution?.result?.error_lines_omitted ?? 0;
  if (omitted > 0)
    rows.push(['not in it', `the last ${countOf(omitted, 'failed line')}: the error file is full`]);
  if (execution !== null && target !== null) {
    rows.push(['execution', `${execution.id}, ${execution.status}, of ${target.label}`]);
    rows.push(['console', executionPage(execution.id, target)]);
    if (mayBeNew(unknown) && !execution.dry_run && hasEnded(execution))
      rows.push([
        'create them',
        commandAbout('import --create-missing-segments --corrects', `${execution.id} FILE`, target),
      ]);
    if (hasReplaced(execution)) rows.push(['undo with', commandAbout('revert', execution.id, target)]);
  }
  const width = Math.max(0, ...rows.map(([label]) => label.length));
  const lines = [
    headline(outcome),
    ...rows.map(([label, text]) => rowText(label, text, width)),
    ...warningLines(outcome.warnings ?? []),
  ];
  return lines.join('\n');
}

/** What it repairs of another execution, and what others have repaired of it. */
function correctionRows({
  corrects_execution_id: corrects,
  repaired,
  corrected_by: corrections = [],
}: ApiExecution): [string, string][] {
  const ofOthers = corrections.map(({ id, status, repaired: lines }): [string, string] => {
    const ended = status === 'SUCCEEDED' ? '' : `, ${status}`;
    return lines === null
      ? ['corrected', `by execution ${id}${ended}`]
      : ['repaired', `${formatCount(lines)} by execution ${id}${ended}`];
  });
  if (corrects === undefined) return ofOthers;
  const lines =
    typeof repaired === 'number' ? `${countOf(repaired, 'failed line')} of execution` : 'execution';
  return [[typeof repaired === 'number' ? 'repairs' : 'corrects', `${lines} ${corrects}`], ...ofOthers];
}

/** Failures stand out, and so does what takes it back. */
function rowText(label: string, text: string, width: number): string {
  const isFailure = label === 'failed' ? text.trim() !== '0' : label.startsWith('line ');
  const as = isFailure ? 'bad' : label === 'undo with' ? 'strong' : null;
  return `  ${label.padEnd(width)}  ${tone(printable(text), as)}`;
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

function headline(outcome: Outcome): string {
  return sign(signOf(outcome)) + headlineText(outcome);
}

function signOf({ exitCode, execution }: Outcome): 'good' | 'bad' | 'odd' {
  if (exitCode === 1 || execution?.status === 'FAILED' || execution?.status === 'CANCELED') return 'bad';
  return execution?.erroneous_tasks ? 'odd' : 'good';
}

function headlineText({ file, execution, error }: Outcome): string {
  const name = `${execution?.dry_run ? 'dry run of ' : ''}${printable(file)}`;
  if (execution === null) return `${name}: not imported`;
  if (execution.status === 'PENDING' || execution.status === 'RUNNING') {
    return error === null ? `${name}: received` : `${name}: received, not finished yet`;
  }
  const { num_tasks: lines, duration } = execution;
  if (lines === null) return `${name}: ${execution.status}`;
  if (duration === null) return `${name}: ${countOf(lines, 'line')}`;
  const text = `${name}: ${countOf(lines, 'line')} in ${formatDuration(duration)}`;
  // below a second, or of few lines, it says how long a start takes
  if (duration < 1000 || lines < MIN_LINES_FOR_RATE) return text;
  return `${text} (${formatCount(Math.round((lines * 1000) / duration))} lines/s)`;
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
  for (const [key, label, dryLabel] of EFFECTS) {
    const count = result[key];
    if (count !== undefined) counts.push([execution.dry_run ? dryLabel : label, count]);
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
  return `Follow it with: ${commandAbout('logs -f', execution.id, target)}`;
}
