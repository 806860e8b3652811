import type { ApiPreview, ApiPreviewedCommand } from '../api.ts';
import { formatInstant, printable } from '../output.ts';
import { tone } from '../style.ts';

/** How many of the first lines are shown. */
export const SHOWN_LINES = 3;

/**
 * What is suggested for a file, as people read it: each column with its reason, and what the first
 * lines come to.
 */
export function describePreview({ suggestion, columns }: ApiPreview, read: ApiPreview): string {
  const reasons = columns.map(({ field, reason = '' }) => `  ${mark(field)} ${printable(reason)}`);
  const notes = (suggestion?.notes ?? []).map((text) => `  ${tone('+', 'good')} ${printable(text)}`);
  return [...reasons, ...notes, '', ...describeLines(read)].join('\n');
}

function mark(field: string | null): string {
  return field === null ? tone('-', 'quiet') : tone('+', 'good');
}

/** The first lines as commands; those that fail with their code. */
function describeLines({ lines, failures_by_code: failures, refusal }: ApiPreview): readonly string[] {
  if (refusal !== null)
    return [`The file would be refused (${refusal.error_code}): ${printable(refusal.error)}`];
  if (lines.length === 0) return ['The file has no lines yet.'];
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  const first = lines
    .slice(0, SHOWN_LINES)
    .map((of) =>
      of.command === null
        ? `  line ${of.line}: ${tone(of.error_code ?? '', 'bad')} ${printable(of.error_message ?? '')}`
        : `  line ${of.line}: ${describeCommand(of.command)}`,
    );
  const codes = Object.entries(failures).map(([code, count]) => `${code} ${count}`);
  const total =
    failed === 0
      ? `The first ${lines.length} lines are valid commands.`
      : `Of the first ${lines.length} lines, ${failed} would fail: ${codes.join(', ')}`;
  return [...first, total];
}

/** `UPDATE user_account_id C-1 in vip until 2030-12-31 00:00:00` */
function describeCommand(command: ApiPreviewedCommand): string {
  const { operation, segments } = command;
  const user = (['user_account_id', 'email_hash', 'user_agent_id'] as const)
    .filter((field) => command[field] !== undefined)
    .map((field) => `${field} ${command[field]}`);
  const names = segments.map((of) => of.segment_technical_name ?? of.segment_id).join(', ');
  const [first] = segments;
  const until = first?.expiration_ts ?? null;
  const end = operation === 'DELETE' ? '' : until === null ? ', forever' : ` until ${formatInstant(until)}`;
  return printable(`${operation} ${user.join(' ')} in ${names}${end}`);
}
