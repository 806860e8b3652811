import { type Mapping, NO_MAPPING } from '../../../model/mapping.ts';
import { IDENTIFIER_FIELDS, SEGMENT_FIELDS } from '../../command-fields.ts';
import { isAbsent } from '../../read-field.ts';
import { foldName } from '../compile-mapping.ts';
import { type Choice, chooseForColumn, type KnownSegments, type SampleColumn } from './column-choices.ts';

/**
 * What the rows of a sample have, by column; of NDJSON a column is a member, or the path to a
 * nested one.
 */
export type SampleTable = {
  readonly columns: readonly SampleColumn[];
  readonly rows: number;
  /**
   * Names of CSV columns are compared without capitals and blanks around them, members of NDJSON
   * exactly.
   */
  readonly names: 'FOLDED' | 'EXACT';
};

/** What is suggested for a column, and why. */
export type SuggestedColumn = {
  readonly name: string;
  /** The field that it feeds, or null: it is not read. */
  readonly field: string | null;
  readonly reason: string;
};

export type Suggestion = {
  /** Null: the file needs none, or none can be found. */
  readonly mapping: Mapping | null;
  /** In the order of the file. */
  readonly columns: readonly SuggestedColumn[];
  /** What no column says and each command must have, and what to do about it. */
  readonly missing: readonly { readonly what: 'user' | 'segment' | 'expiry'; readonly message: string }[];
  /** What is suggested beside columns: defaults. */
  readonly notes: readonly string[];
};

const EXPIRY_FIELDS = ['expiration_ts', 'expiration_duration'];
/** Fields of which a command has one: its segment, its expiry. */
const GROUPS = [SEGMENT_FIELDS, EXPIRY_FIELDS];
/** The order in which users are looked for. */
const FIELD_ORDER = [...IDENTIFIER_FIELDS, 'compartment_id', 'compartment_token', ...SEGMENT_FIELDS];
/** What a mapping may have: see check-mapping.ts. */
const MAX_NAME_CHARS = 255;
const MAX_HASHED = 20;
const MAX_COLUMNS = 200;

type Considered = { readonly name: string; readonly choice: Choice };

/**
 * Suggests how a file with columns of its own becomes commands, from their names and some twenty
 * rows, with a reason for each column. Pure. What it suggests reads those rows without an error
 * that is the fault of the mapping, unless it says that something is missing.
 */
export function suggestMapping(table: SampleTable, segments: KnownSegments): Suggestion {
  const read = table.columns.map((column) => ({
    name: column.name,
    choice: chooseForColumn(column, { rows: table.rows, segments }),
  }));
  const chosen = choose(
    read.flatMap(({ name, choice }) => (choice.field === null ? [] : [{ name, choice }])),
  );
  const fields = new Set(chosen.map(({ choice }) => choice.field));
  const columns = read.map(({ name, choice }): SuggestedColumn => {
    if (choice.field === null) return { name, field: null, reason: `${tick(name)} ${choice.seen}` };
    const isChosen = chosen.some((each) => each.name === name);
    if (isChosen) return { name, field: choice.field, reason: reasonOf(name, choice) };
    const other = chosen.find((each) => isSameKind(each.choice.field, choice.field));
    const by = other === undefined ? '' : `, which ${tick(other.name)} feeds`;
    return {
      name,
      field: null,
      reason: `${tick(name)} ${choice.seen}, and may be ${choice.field}${by}: not read`,
    };
  });
  const hasUser = IDENTIFIER_FIELDS.some((field) => fields.has(field));
  const hasOperation = fields.has('operation');
  const mapping = hasUser ? mappingOf(chosen, hasOperation) : null;
  const isNeeded = mapping !== null && !isPlain(mapping, table);
  return {
    mapping: isNeeded ? mapping : null,
    columns,
    missing: missingOf(fields),
    notes: hasUser && !hasOperation ? ['no column says add or remove: operation is UPDATE in all rows'] : [],
  };
}

/**
 * The columns that are to be read: of each field the one for which most speaks, and of addresses
 * all.
 */
function choose(all: readonly Considered[]): readonly Considered[] {
  const usable = all.filter(({ name }) => foldName(name) !== '' && name.length <= MAX_NAME_CHARS);
  const chosen: Considered[] = [];
  const names = new Set<string>();
  for (const each of [...usable].sort((a, b) => b.choice.strength - a.choice.strength)) {
    const { field, isHashed } = each.choice;
    const isTaken = chosen.some(({ choice }) => isSameKind(choice.field, field));
    // both of an expiry, or several of segments, under their own names are what commands may have
    const isOwn = foldName(each.name) === field && !chosen.some(({ choice }) => choice.field === field);
    const isOneMoreAddress =
      isHashed === true && chosen.filter(({ choice }) => choice.isHashed).length < MAX_HASHED;
    if ((isTaken && !isOwn && !isOneMoreAddress) || names.has(foldName(each.name))) continue;
    if (chosen.length === MAX_COLUMNS) break;
    names.add(foldName(each.name));
    chosen.push(each);
  }
  return chosen;
}

function isSameKind(one: string, other: string): boolean {
  return one === other || GROUPS.some((group) => group.includes(one) && group.includes(other));
}

function mappingOf(chosen: readonly Considered[], hasOperation: boolean): Mapping {
  const order = ({ choice: { field } }: Considered) =>
    FIELD_ORDER.includes(field) ? FIELD_ORDER.indexOf(field) : FIELD_ORDER.length;
  const sorted = [...chosen].sort((a, b) => order(a) - order(b));
  // what is only hashed feeds email_hash, unless its name is that of another identifier
  const isOnlyHashed = ({ name, choice }: Considered) =>
    choice.isHashed === true &&
    (foldName(name) === choice.field || !IDENTIFIER_FIELDS.includes(foldName(name)));
  return {
    ...NO_MAPPING,
    columns: record(
      sorted.filter((each) => !isOnlyHashed(each)).map(({ name, choice }) => [name, choice.field]),
    ),
    values: wordsOf(sorted),
    defaults: hasOperation ? {} : { operation: 'UPDATE' },
    hash: record(sorted.flatMap(({ name, choice }) => (choice.isHashed ? [[name, 'sha256'] as const] : []))),
    formats: record(
      sorted.flatMap(({ name, choice: { format } }) =>
        format === undefined ? [] : [[name, format] as const],
      ),
    ),
  };
}

/** The words of all columns, by field: several may feed one. */
function wordsOf(columns: readonly Considered[]): Mapping['values'] {
  const words = new Map<string, Readonly<Record<string, string>>>();
  for (const { choice } of columns)
    if (choice.words !== undefined) words.set(choice.field, { ...words.get(choice.field), ...choice.words });
  return record([...words]);
}

/** `Object.fromEntries` defines members, so that a column `__proto__` is one like any other. */
function record<T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
  return Object.fromEntries(entries);
}

/**
 * Whether a file says all this by itself: it has the names and words of commands, and a user once
 * in each row.
 */
function isPlain({ columns, values, defaults, hash, formats }: Mapping, table: SampleTable): boolean {
  const others = [values, defaults, hash, formats].some((each) => Object.keys(each).length > 0);
  const ownName = (name: string) => (table.names === 'EXACT' ? name : foldName(name));
  if (others || Object.entries(columns).some(([name, field]) => ownName(name) !== field)) return false;
  const users = table.columns.filter(({ name }) => IDENTIFIER_FIELDS.includes(foldName(name)));
  const isTwice = (row: number) => users.filter(({ values: all }) => !isAbsent(all[row])).length > 1;
  return !Array.from({ length: table.rows }, (_, row) => row).some(isTwice);
}

function missingOf(fields: ReadonlySet<string>): Suggestion['missing'] {
  const missing: Suggestion['missing'][number][] = [];
  if (!IDENTIFIER_FIELDS.some((field) => fields.has(field)))
    missing.push({
      what: 'user',
      message:
        'no column names users: say in columns which one is user_account_id, or in hash which one holds addresses',
    });
  if (!SEGMENT_FIELDS.some((field) => fields.has(field)))
    missing.push({
      what: 'segment',
      message:
        'no column names segments: add one to defaults, such as segment_technical_name, or say in columns which it is',
    });
  if (!EXPIRY_FIELDS.some((field) => fields.has(field)))
    missing.push({
      what: 'expiry',
      message:
        'no column says when memberships end: default_ttl of each segment does; for segments without one add expiration_duration to defaults (minutes, 0 for ever)',
    });
  return missing;
}

/** Why a column feeds its field: what was seen, what it comes to, and what else it may be. */
function reasonOf(name: string, { seen, done, field, or }: Choice): string {
  return `${tick(name)} ${seen}: ${done ?? field}${or === undefined ? '' : `; may also be ${or}`}`;
}

const MAX_SHOWN = 60;

function tick(name: string): string {
  return `\`${name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name}\``;
}
