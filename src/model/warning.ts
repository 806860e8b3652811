/**
 * What is odd about a file and fails no line of it (spec §8), in the order in which it is shown. A
 * closed union: docs/commands.md lists each with its cure.
 */
export const WARNING_CODES = [
  'NO_COMMANDS',
  'SAME_FILE_AS',
  'UNKNOWN_FIELD',
  'LOOKS_LIKE_EMAIL',
  'SURROUNDING_BLANKS',
  'LOOKS_LIKE_FLOAT',
  'HASH_IN_CAPITALS',
  'FAR_EXPIRY',
] as const;
export type WarningCode = (typeof WARNING_CODES)[number];

/** How many lines of each code are kept as examples. */
export const MAX_WARNED_LINES = 20;

/** How many different unknown names are counted in one file; further ones are not looked at. */
export const MAX_UNKNOWN_NAMES = 100;

/**
 * An example of a warning. It holds nothing of an identifier: it is kept beyond the file and beyond
 * the erasure of a user.
 */
export type WarnedLine = {
  /** The first physical line of the record; null for what is said of the file as a whole. */
  readonly line: number | null;
  /** The member or column that it is about, as it was written. */
  readonly field: string | null;
  /** What completes the message: see `warningMessage`. */
  readonly detail?: string;
};

/**
 * The warnings of an execution so far. Of UNKNOWN_FIELD all lines are kept that are counted, one
 * for each name.
 */
export type Warnings = {
  readonly counts: { readonly [code in WarningCode]?: number };
  readonly lines: { readonly [code in WarningCode]?: readonly WarnedLine[] };
};

export const NO_WARNINGS: Warnings = { counts: {}, lines: {} };

/** The warnings of a part of a file and of the part after it, as those of both together. */
export function addWarnings(a: Warnings, b: Warnings): Warnings {
  if (b === NO_WARNINGS) return a;
  const counts: Partial<Record<WarningCode, number>> = {};
  const lines: Partial<Record<WarningCode, readonly WarnedLine[]>> = {};
  for (const code of WARNING_CODES) {
    const [one, other] = [a.lines[code] ?? [], b.lines[code] ?? []];
    const count = (a.counts[code] ?? 0) + (b.counts[code] ?? 0);
    if (count === 0) continue;
    if (code === 'UNKNOWN_FIELD') {
      const known = new Set(one.map(({ field }) => field));
      const all = [...one, ...other.filter(({ field }) => !known.has(field))].slice(0, MAX_UNKNOWN_NAMES);
      lines[code] = all;
      counts[code] = all.length;
    } else {
      lines[code] = one.length >= MAX_WARNED_LINES ? one : [...one, ...other].slice(0, MAX_WARNED_LINES);
      counts[code] = count;
    }
  }
  return { counts, lines };
}

/** One warning about a file as a whole. */
export function fileWarning(code: WarningCode, detail?: string): Warnings {
  const line = { line: null, field: null, ...(detail === undefined ? {} : { detail }) };
  return { counts: { [code]: 1 }, lines: { [code]: [line] } };
}

/** How often each code was given, in the order of the codes. */
export function countWarnings(warnings: Warnings | undefined): Record<string, number> {
  const counts = warnings?.counts ?? {};
  return Object.fromEntries(WARNING_CODES.flatMap((code) => (counts[code] ? [[code, counts[code]]] : [])));
}

/** The examples that are shown, by code and line. */
export function examplesOf(
  warnings: Warnings | undefined,
): readonly (WarnedLine & { readonly code: WarningCode })[] {
  return WARNING_CODES.flatMap((code) =>
    (warnings?.lines[code] ?? []).slice(0, MAX_WARNED_LINES).map((line) => ({ code, ...line })),
  );
}

/**
 * What a warning says of its line, and what to do about it. It never holds the value of an
 * identifier.
 */
export function warningMessage(code: WarningCode, { field, detail }: WarnedLine): string {
  switch (code) {
    case 'NO_COMMANDS':
      return 'the file has a header and no rows: nothing was to be done';
    case 'SAME_FILE_AS':
      return `execution ${detail} had a file with the same content`;
    case 'UNKNOWN_FIELD': {
      const meant = detail === undefined ? '' : `; did you mean ${detail}?`;
      return `${JSON.stringify(field)} is not a field of a command and is ignored${meant}`;
    }
    case 'LOOKS_LIKE_EMAIL':
      return `${field} looks like an e-mail address (masked): expected an id, or the hash of the address as email_hash`;
    case 'SURROUNDING_BLANKS':
      return `${field} ${detail}: blanks are part of an identifier`;
    case 'LOOKS_LIKE_FLOAT':
      return `${field} looks like a decimal number, such as 123.0 or 1.23E+15: a spreadsheet or a script may have changed it`;
    case 'HASH_IN_CAPITALS':
      return `${field} has hexadecimal digits in capitals: hashes are compared byte for byte, and most have small letters`;
    case 'FAR_EXPIRY':
      return `${field} is more than 10 years ahead: check its unit`;
  }
}
