import type { Command } from '../model/command.ts';
import type { Job } from '../model/execution.ts';
import { KIND_BIT } from '../model/identifier.ts';
import type { Mapping } from '../model/mapping.ts';
import {
  addWarnings,
  fileWarning,
  MAX_UNKNOWN_NAMES,
  MAX_WARNED_LINES,
  NO_WARNINGS,
  type WarnedLine,
  type WarningCode,
  type Warnings,
} from '../model/warning.ts';
import { COMMAND_FIELDS, ERROR_FIELDS, SEGMENT_FIELDS } from './command-fields.ts';
import type { CommandSource, DocumentFormat } from './document-format.ts';
import { columnsOf, foldName } from './mapping/compile-mapping.ts';
import { nearestField } from './nearest-field.ts';
import { isAbsent } from './read-field.ts';
import { MASK } from './rejections.ts';

/**
 * What is odd about a valid command, as bits: readers of lines have no objects to spare. The plain
 * readers and the reference parser give the same ones.
 */
export const ODD = {
  EMAIL: 1,
  BLANK_AT_START: 2,
  BLANK_AT_END: 4,
  FLOAT: 8,
  CAPITALS: 16,
  FAR_INSTANT: 32,
  FAR_DURATION: 64,
} as const;

/** Ten calendar years have at most three days more than 3650. */
export const FAR_EXPIRY_MS = 3653 * 86_400_000;

/**
 * 123.0, 1.23E+15, 1E+15; also with the comma of some languages. Not 12.5: ids of web analytics
 * look like that.
 */
const FLOAT = /^[+-]?\d+(?:[.,]0+|[.,]\d+e[+-]?\d+|e\+\d+)$/i;
/**
 * No hash is shorter, even cut; an even number of digits, at least one of them a capital letter.
 */
const CAPITAL_HASH = /^(?:[\dA-Fa-f]{2}){4,}$/;

const AT = 0x40;
const SPACE = 0x20;
const DOT = 0x2e;

/** What is odd about an identifier, as bits of `ODD`. Takes time linear in its length. */
export function oddIdentifier(kind: number, value: string): number {
  const text = value.trim();
  let odd = 0;
  if (text.length !== value.length) {
    if (value.trimStart().length !== value.length) odd |= ODD.BLANK_AT_START;
    if (value.trimEnd().length !== value.length) odd |= ODD.BLANK_AT_END;
  }
  if (text.charCodeAt(0) < 0x3a && FLOAT.test(text)) odd |= ODD.FLOAT;
  if (kind === KIND_BIT.USER_EMAIL) {
    if (CAPITAL_HASH.test(text) && /[A-F]/.test(text)) odd |= ODD.CAPITALS;
  } else if (text.includes('@')) {
    const bytes = new TextEncoder().encode(text);
    if (holdsEmail(bytes, 0, bytes.length)) odd |= ODD.EMAIL;
  }
  return odd;
}

/**
 * Whether UTF-8 from `start` to `end` is an address or has one in it: something, an @, and a domain
 * with a dot in it. Of bytes, since there are files whose every id is an address.
 */
export function holdsEmail(bytes: Uint8Array, start: number, end: number): boolean {
  let at = end - 1;
  while (at >= start && bytes[at] !== AT) at--;
  if (at <= start || (bytes[at - 1] as number) <= SPACE) return false;
  let hasDot = false;
  for (let i = at + 1; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === DOT) hasDot ||= i > at + 1;
    else if (!isInDomain(byte)) return false;
    else if (hasDot) return true;
  }
  return false;
}

/** Letters of any script, digits and hyphens. */
function isInDomain(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    byte === 0x2d ||
    byte >= 0x80
  );
}

/** What is odd about a valid command, as bits of `ODD`. */
export function oddCommand(
  { operation, identifier, targets }: Command,
  { fields }: CommandSource,
  startDate: number,
): number {
  const odd = oddIdentifier(KIND_BIT[identifier.kind], identifier.value);
  const expiresAt = targets[0]?.expiresAt ?? 0;
  if (operation === 'DELETE' || expiresAt <= startDate + FAR_EXPIRY_MS) return odd;
  // the default of a segment is not what the file says
  if (!isAbsent(fields.expiration_ts)) return odd | ODD.FAR_INSTANT;
  return isAbsent(fields.expiration_duration) ? odd : odd | ODD.FAR_DURATION;
}

const FIELD_OF_KIND: Readonly<Record<number, string>> = {
  [KIND_BIT.USER_ACCOUNT]: 'user_account_id',
  [KIND_BIT.USER_EMAIL]: 'email_hash',
  [KIND_BIT.USER_AGENT]: 'user_agent_id',
};

/** An example that is about a line. */
type OddLine = WarnedLine & { readonly line: number };

/** Collects the warnings of a part of a file. */
export type WarningTally = {
  /** What is odd about the command of a line, as bits of `ODD`. */
  note(line: number, kind: number, odd: number): void;
  /** The names of the members of a record, valid or not. */
  noteNames(line: number, fields: Readonly<Record<string, unknown>>): void;
  warnings(): Warnings;
};

/** Opens a tally. Names that commands do not have are told of once each. */
export function createWarningTally(job: Job, mapping: Mapping | null = null): WarningTally {
  const counts: Partial<Record<WarningCode, number>> = {};
  const lines: Partial<Record<WarningCode, OddLine[]>> = {};
  const unknown = createUnknownNames(job, mapping);

  function add(code: WarningCode, line: number, field: string | null, detail?: string): void {
    counts[code] = (counts[code] ?? 0) + 1;
    lines[code] ??= [];
    const kept = lines[code];
    const last = kept.at(-1);
    if (kept.length === MAX_WARNED_LINES && last !== undefined && line >= last.line) return;
    keepFirst(kept, { line, field, ...(detail === undefined ? {} : { detail }) });
  }

  return {
    note(line, kind, odd) {
      const field = FIELD_OF_KIND[kind] ?? null;
      if (odd & ODD.EMAIL) add('LOOKS_LIKE_EMAIL', line, field);
      if (odd & (ODD.BLANK_AT_START | ODD.BLANK_AT_END))
        add('SURROUNDING_BLANKS', line, field, whereBlanksAre(odd));
      if (odd & ODD.FLOAT) add('LOOKS_LIKE_FLOAT', line, field);
      if (odd & ODD.CAPITALS) add('HASH_IN_CAPITALS', line, field);
      if (odd & ODD.FAR_INSTANT) add('FAR_EXPIRY', line, 'expiration_ts');
      if (odd & ODD.FAR_DURATION) add('FAR_EXPIRY', line, 'expiration_duration');
    },
    noteNames(line, fields) {
      for (const name in fields) unknown.note(line, name);
    },
    warnings() {
      const found = unknown.lines();
      if (found.length === 0 && Object.keys(counts).length === 0) return NO_WARNINGS;
      const named = found.length === 0 ? NO_WARNINGS : unknownFields(found);
      return addWarnings({ counts, lines }, named);
    },
  };
}

/**
 * Keeps the first lines. They do not come in order: of a block the plain ones come before the
 * others.
 */
function keepFirst(kept: OddLine[], warned: OddLine): void {
  let at = kept.length;
  while (at > 0 && warned.line < (kept[at - 1]?.line ?? 0)) at--;
  kept.splice(at, 0, warned);
  if (kept.length > MAX_WARNED_LINES) kept.pop();
}

function whereBlanksAre(odd: number): string {
  if (!(odd & ODD.BLANK_AT_START)) return 'ends in a blank';
  return odd & ODD.BLANK_AT_END ? 'begins with a blank and ends in one' : 'begins with a blank';
}

/**
 * The warnings of a file before its records are read: of its columns, whose case and surrounding
 * blanks do not count, and of the earlier execution with the same content, if there is one.
 */
export function fileWarnings(of: {
  readonly format: Pick<DocumentFormat, 'columns' | 'start' | 'mapping'>;
  readonly job: Job;
  readonly earlier: string | undefined;
}): Warnings {
  const { columns, start, mapping } = of.format;
  const unknown = createUnknownNames(of.job, mapping);
  const mapped = new Set(mapping === null ? [] : columnsOf(mapping).map(({ name }) => foldName(name)));
  const cells = columns ?? [];
  // the header ends where the rows begin; a line like `sep=;` may be above it
  const headerLine = start.line - (cells.join('').split('\n').length - 1);
  for (const cell of cells) {
    const name = cell.trim();
    if (!KNOWN_NAMES.has(name.toLowerCase()) && !mapped.has(foldName(name))) unknown.note(headerLine, name);
  }
  const lines = unknown.lines();
  const header = lines.length === 0 ? NO_WARNINGS : unknownFields(lines);
  return of.earlier === undefined ? header : addWarnings(header, fileWarning('SAME_FILE_AS', of.earlier));
}

/** A checkpoint, or a part of one, with some warnings more. */
export function withWarnings<T extends { readonly warnings?: Warnings }>(to: T, more: Warnings): T {
  return more === NO_WARNINGS ? to : { ...to, warnings: addWarnings(to.warnings ?? NO_WARNINGS, more) };
}

function unknownFields(lines: readonly WarnedLine[]): Warnings {
  return { counts: { UNKNOWN_FIELD: lines.length }, lines: { UNKNOWN_FIELD: lines } };
}

/**
 * What commands are read from, and what an error file adds to a record: it can be sent again as it
 * is.
 */
const KNOWN_NAMES: ReadonlySet<string> = new Set([...COMMAND_FIELDS, ...ERROR_FIELDS, 'error_raw']);

/**
 * A name may be as long as a line; and it may be an address, where columns and rows were mixed up.
 */
const MAX_NAME_CHARS = 60;

function createUnknownNames(job: Job, mapping: Mapping | null) {
  // of nested members the outermost is what a record has
  const mapped = new Set(
    (mapping === null ? [] : columnsOf(mapping)).flatMap(({ name }) => [name, name.split('.', 1)[0] ?? '']),
  );
  const seen = new Set<string>();
  const lines: WarnedLine[] = [];
  // a list of users for one segment names no segments
  const meant = [...COMMAND_FIELDS].filter(
    (name) => job.type === 'DOCUMENT_IMPORT' || !SEGMENT_FIELDS.includes(name),
  );
  return {
    note(line: number, name: string): void {
      if (KNOWN_NAMES.has(name) || mapped.has(name) || lines.length === MAX_UNKNOWN_NAMES) return;
      // a column without a name has none that could be unknown
      if (name.trim() === '') return;
      const shown = name.includes('@')
        ? MASK
        : name.length > MAX_NAME_CHARS
          ? `${name.slice(0, MAX_NAME_CHARS)}…`
          : name;
      if (seen.has(shown)) return;
      seen.add(shown);
      const nearest = nearestField(shown, meant);
      lines.push({ line, field: shown, ...(nearest === null ? {} : { detail: nearest }) });
    },
    lines: (): readonly WarnedLine[] => lines,
  };
}
