/** A name of a segment that was not there, as the message of a failed line tells it. */
export type UnknownName = {
  readonly kind: 'TECHNICAL_NAME' | 'ID';
  /** Cut where the message cuts it. */
  readonly name: string;
  readonly isWhole: boolean;
};

/**
 * The name that a message of UNKNOWN_SEGMENT is about; null for one of another form. The service
 * wrote it itself; error files of earlier versions say "is no segment".
 */
export function unknownNameIn(message: string, { isCsv }: { readonly isCsv: boolean }): UnknownName | null {
  const [, field = '', rest = ''] = /^(segment_[a-z_]+) (.*)$/s.exec(message) ?? [];
  if (field === '') return null;
  const kind = field.startsWith('segment_technical_name') ? 'TECHNICAL_NAME' : 'ID';
  const [, cut] = /^"(.*)… \(cut, it has \d+ characters\) is (?:no|not a) segment of /s.exec(rest) ?? [];
  if (cut !== undefined) return { kind, name: `${cut}…`, isWhole: false };
  // a cell stands as CSV has it; an element of a list in a cell, and every value of NDJSON, as JSON
  const isCell = isCsv && !field.endsWith('s');
  const name = (isCell ? cellIn(rest) : jsonIn(rest)) ?? (isCell ? jsonIn(rest) : cellIn(rest));
  return name === null ? null : { kind, name, isWhole: true };
}

function jsonIn(text: string): string | null {
  const [, value] = /^("(?:[^"\\]|\\.)*"|-?\d[^ ]*) is (?:no|not a) segment of /s.exec(text) ?? [];
  if (value === undefined || !value.startsWith('"')) return value ?? null;
  try {
    return JSON.parse(value) as string;
  } catch {
    return null;
  }
}

function cellIn(text: string): string | null {
  const [, cell] = /^"((?:[^"]|"")*)" is (?:no|not a) segment of /s.exec(text) ?? [];
  return cell === undefined ? null : cell.replaceAll('""', '"');
}

/** How often a name was given, and where first. */
export type NamedOften = UnknownName & { readonly lines: number; readonly firstLine: number };

/**
 * So many different names are told apart; a column that was taken for another has one on each line.
 */
const MAX_NAMES = 10_000;

/**
 * Counts failed lines by the name that they give; the most frequent first. Those of further names
 * are not counted.
 */
export async function countUnknownNames(
  lines: AsyncIterable<{ readonly line: number; readonly message: string }>,
  of: { readonly isCsv: boolean },
): Promise<readonly NamedOften[]> {
  const counts = new Map<string, UnknownName & { lines: number; readonly firstLine: number }>();
  for await (const { line, message } of lines) {
    const unknown = unknownNameIn(message, of);
    if (unknown === null) continue;
    const key = `${unknown.kind} ${unknown.name}`;
    const known = counts.get(key);
    if (known !== undefined) known.lines++;
    else if (counts.size < MAX_NAMES) counts.set(key, { ...unknown, lines: 1, firstLine: line });
  }
  return [...counts.values()].sort(
    (one, other) => other.lines - one.lines || one.firstLine - other.firstLine,
  );
}
