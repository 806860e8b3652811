/** What a row measured. Whatever does not apply is left out. */
export type Measured = {
  /** How many lines, files or requests. */
  readonly count?: number;
  readonly seconds?: number;
  readonly perSecond?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Delay of the service's event loop, 99th percentile. */
  readonly loopP99Ms?: number;
  readonly peakBytes?: number;
  /** A ratio of two other rows. */
  readonly ratio?: number;
  readonly remark?: string;
};

/** A row that could not be measured says why. */
export type Outcome = Measured | { readonly failed: string } | { readonly skipped: string };

export type Row = { readonly id: string; readonly what: string; readonly outcome: Outcome };

const MIB = 1024 * 1024;
const COLUMNS = [
  '',
  'number',
  's',
  'per second',
  'p50 ms',
  'p99 ms',
  'event loop p99 ms',
  'peak MiB',
  'remark',
] as const;

/** What the row measured, undefined when there is no such row or it was not measured. */
export function measuredOf(rows: readonly Row[], id: string): Measured | undefined {
  const outcome = rows.find((row) => row.id === id)?.outcome;
  return outcome === undefined || 'failed' in outcome || 'skipped' in outcome ? undefined : outcome;
}

/** The table in Markdown, its columns aligned so that a terminal shows it as well. */
export function renderTable(rows: readonly Row[]): string {
  const cells = [[...COLUMNS], ...rows.map(cellsOf)];
  const last = COLUMNS.length - 1;
  const widths = COLUMNS.map((_, column) => Math.max(3, ...cells.map((row) => (row[column] ?? '').length)));
  const isText = (column: number) => column === 0 || column === last;
  const line = (row: readonly string[]) =>
    row.map((cell, column) => {
      if (column === last) return cell;
      return isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
    });
  const rule = widths.map((width, column) => {
    if (column === last) return '---';
    return isText(column) ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`;
  });
  const [header = [], ...body] = cells;
  return [line(header), rule, ...body.map(line)].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function cellsOf({ what, outcome }: Row): string[] {
  const blank = ['', '', '', '', '', '', ''];
  if ('failed' in outcome) return [what, ...blank, `**failed**: ${plain(outcome.failed)}`];
  if ('skipped' in outcome) return [what, ...blank, `skipped: ${plain(outcome.skipped)}`];
  const { count, seconds, perSecond, p50Ms, p99Ms, loopP99Ms, peakBytes, ratio, remark } = outcome;
  return [
    what,
    whole(count),
    fixed(seconds, 2),
    ratio === undefined ? whole(perSecond) : `${ratio.toFixed(2)} ×`,
    fixed(p50Ms, 2),
    fixed(p99Ms, 2),
    fixed(loopP99Ms, 1),
    whole(peakBytes === undefined ? undefined : peakBytes / MIB),
    plain(remark ?? ''),
  ];
}

function whole(number: number | undefined): string {
  return number === undefined ? '' : Math.round(number).toLocaleString('en-US');
}

function fixed(number: number | undefined, digits: number): string {
  return number === undefined ? '' : number.toFixed(digits);
}

/** A text that does not break the table. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim();
}
