import type { ExpiryFormat, IdentifierFormat } from '../../../model/mapping.ts';
import { COMMAND_FIELDS, ERROR_FIELDS, IDENTIFIER_FIELDS } from '../../command-fields.ts';
import { foldName } from '../compile-mapping.ts';
import { isNever, isTelling, operationOf, operationWords } from './own-words.ts';
import { type ReadName, readName } from './read-name.ts';
import { type ReadValues, readValues } from './read-values.ts';

/** What segments of a datamart are called, to tell a name from an id. */
export type KnownSegments = {
  readonly hasId: (id: string) => boolean;
  readonly hasTechnicalName: (name: string) => boolean;
};

/** A column of a sample: its name, of nested members the path, and its values, row by row. */
export type SampleColumn = { readonly name: string; readonly values: readonly unknown[] };

/** How a column may feed a field. */
export type Choice = {
  readonly field: string;
  /** How much speaks for it: of several columns for one field the strongest is chosen. */
  readonly strength: 1 | 2 | 3 | 4;
  readonly isHashed?: boolean;
  readonly format?: ExpiryFormat | IdentifierFormat | undefined;
  /** What own words stand for. */
  readonly words?: Readonly<Record<string, string>> | undefined;
  /** What was seen, for the reason: `holds addresses in 20 of 20 rows`. */
  readonly seen: string;
  /** What it comes to where that is more than the field: `hashed as email_hash`. */
  readonly done?: string;
  /** What else the column may be, in words. */
  readonly or?: string;
};

/** The field that a column may feed, or why it feeds none. */
export type ColumnChoice = Choice | { readonly field: null; readonly seen: string };

type Column = {
  readonly name: string;
  readonly rows: number;
  readonly is: ReadName;
  readonly values: ReadValues;
  readonly segments: KnownSegments;
};

const UNREAD = 'says nothing that commands have';
/** Fields whose own columns may hold what is to be hashed, translated or converted. */
const NEEDS_A_LOOK: ReadonlySet<string> = new Set([
  ...IDENTIFIER_FIELDS,
  ...['operation', 'expiration_ts', 'expiration_duration'],
]);
/** Ten years: more is no duration. */
const MAX_MINUTES = 3660 * 1440;
/** Names of devices that no other word makes one. */
const DEVICE_IDS = new Set(['idfa', 'gaid', 'aaid', 'maid']);

type OfSample = { readonly rows: number; readonly segments: KnownSegments };

/** What a column most likely is, by its name and its values. */
export function chooseForColumn({ name, values }: SampleColumn, of: OfSample): ColumnChoice {
  const column = { name, ...of, is: readName(name), values: readValues(values) };
  return withNulls(chooseFor(column), column);
}

/** A choice with the words that stand for nothing in the column. */
function withNulls(choice: ColumnChoice, { values: { nulls } }: Column): ColumnChoice {
  if (choice.field === null || choice.field === 'data_bag' || nulls.length === 0) return choice;
  const words = { ...choice.words, ...Object.fromEntries(nulls.map((word) => [word, ''])) };
  return {
    ...choice,
    words,
    done: `${choice.done ?? choice.field}, ${listOf(nulls)} ${nulls.length === 1 ? 'is' : 'are'} nothing`,
  };
}

function chooseFor(column: Column): ColumnChoice {
  const { name } = column;
  if (ERROR_FIELDS.includes(foldName(name))) return { field: null, seen: 'is a column of error files' };
  const own = ownField(column);
  if (column.values.filled.length === 0) return own ?? chooseForBlank(column);
  if (own !== null && !NEEDS_A_LOOK.has(own.field)) return own;
  return (
    chooseEmail(column) ??
    choosePhone(column) ??
    chooseOperation(column) ??
    chooseExpiry(column) ??
    own ??
    chooseSegment(column) ??
    chooseUser(column) ??
    chooseBag(column) ??
    leaveOut(column)
  );
}

/** A column under the name of a field keeps it; chosen after whatever needs more than a name. */
function ownField({ name, values }: Column): Choice | null {
  const field = foldName(name);
  if (!COMMAND_FIELDS.has(field)) return null;
  const seen =
    values.filled.length === 0 ? 'is blank, and has the name of a field' : 'has the name of a field';
  return { field, strength: 4, seen };
}

/** Of a blank column the name alone says something; addresses may come in later rows. */
function chooseForBlank({ is }: Column): ColumnChoice {
  const seen = 'is blank in these rows';
  if (is.isKnown && is.roles.has('EMAIL'))
    return {
      field: 'email_hash',
      strength: 1,
      isHashed: true,
      seen: `${seen}, and its name says addresses`,
      done: 'hashed as email_hash',
    };
  return { field: null, seen };
}

function chooseEmail(column: Column): ColumnChoice | null {
  const { is, values } = column;
  const { addresses, sha256, filled } = values;
  if (addresses > 0 && 2 * (addresses + sha256) >= filled.length) {
    const what = sha256 === 0 ? 'addresses' : 'addresses and SHA-256';
    const seen = `holds ${what} in ${inRows(addresses + sha256, column)}`;
    return { field: 'email_hash', strength: 3, isHashed: true, seen, done: 'hashed as email_hash' };
  }
  if (sha256 === filled.length) return chooseSha256(column);
  const isHash = is.roles.has('EMAIL') && is.roles.has('HASH');
  if (isHash && sha256 + values.shortHashes === filled.length) {
    const seen = `holds hashes in ${inRows(filled.length, column)}, and its name says of addresses`;
    return { field: 'email_hash', strength: 3, seen, done: 'email_hash as they are' };
  }
  return null;
}

/** A column of hashes: of addresses, unless its name says of what else. */
function chooseSha256(column: Column): ColumnChoice | null {
  const { is, values } = column;
  const seen = `holds SHA-256 in ${inRows(values.sha256, column)}`;
  if (is.roles.has('PHONE'))
    return {
      field: null,
      seen: `${seen}, of phone numbers by its name: map it to user_account_id to use it`,
    };
  if (foldName(column.name) !== 'email_hash' && (isOwn(column) || is.roles.has('AGENT'))) return null;
  const or = is.roles.has('EMAIL') ? {} : { or: 'hashes of something else, such as ids (user_account_id)' };
  const done = 'hashed already: email_hash as they are';
  if (values.capitals === 0) return { field: 'email_hash', strength: 3, seen, done, ...or };
  const small = 'hashed already: email_hash, in small letters';
  return { field: 'email_hash', strength: 3, isHashed: true, seen, done: small, ...or };
}

function choosePhone(column: Column): ColumnChoice | null {
  const { is, values } = column;
  const isPhone = is.isKnown && is.roles.has('PHONE') && !is.roles.has('AGENT');
  if (isOwn(column) || !(isPhone || values.phones === values.filled.length)) return null;
  return {
    field: null,
    seen: 'holds phone numbers, which would be kept in clear: leave it out of the file, or give it a rule in hash',
  };
}

function chooseOperation(column: Column): ColumnChoice | null {
  const { is, values } = column;
  const { operations, filled } = values;
  if (isOwn(column) && foldName(column.name) !== 'operation') return null;
  const isNamed = is.isKnown && is.roles.has('OPERATION') && !is.roles.has('DATE');
  const words = [...new Set(filled.map((word) => word.trim()))];
  // a row without an operation fails: what has some is about something else
  const isEverywhere = filled.length === column.rows;
  if (operations === filled.length && (isNamed || (isEverywhere && words.every(isTelling)))) {
    const own = operationWords(words);
    const meant = [
      ...new Set(words.map((word) => (word === 'DELETE' ? word : (own[word.toLowerCase()] ?? 'UPDATE')))),
    ];
    const seen = `has the words ${listOf(words)}`;
    const strength = isOwn(column) ? 4 : isNamed ? 3 : 2;
    const isPlain = Object.keys(own).length === 0;
    return {
      ...{ field: 'operation', strength, seen },
      ...(isPlain ? {} : { words: own, done: `mapped to ${meant.join(', ')}` }),
    };
  }
  if (!isNamed || operations === 0) return null;
  const unknown = words.filter((word) => operationOf(word) === null);
  return {
    field: null,
    seen: `has words of operations, and others: say in values.operation what ${listOf(unknown)} stand for`,
  };
}

function chooseExpiry(column: Column): ColumnChoice | null {
  const { is, values } = column;
  const isLong = is.roles.has('DURATION');
  const isNamed = is.isKnown && (is.roles.has('EXPIRY') || isLong) && !is.roles.has('PAST');
  const read = readExpiry(column);
  const { filled, dates, never } = values;
  if (!isNamed) {
    if (is.roles.has('PAST') || dates === 0 || dates + never !== filled.length) return null;
    return { field: null, seen: 'holds dates: if memberships end then, map it to expiration_ts as iso_8601' };
  }
  if (read !== null) return read;
  if (isOwn(column)) return null;
  const [example = ''] = filled.filter((text) => !isNever(text));
  const formats = 'dates of ISO 8601 (2030-12-31), ms or seconds since 1970, and durations such as 30d';
  return { field: null, seen: `is about expiries, but holds ${shown(example)}, where ${formats} are read` };
}

/** The one format in which all expiries of a column are; null: there is none. */
function readExpiry(column: Column): Choice | null {
  const { values, is } = column;
  const own = foldName(column.name);
  const strength = isOwn(column) ? 4 : 3;
  const neverWords = [...new Set(values.filled.filter(isNever).map((word) => word.trim().toLowerCase()))];
  const words =
    neverWords.length === 0 ? undefined : Object.fromEntries(neverWords.map((word) => [word, '0']));
  const zeros = values.filled.filter((text) => text.trim() === '0').length;
  const isAll = (count: number) => count > 0 && count + values.never === values.filled.length;
  const forever = words === undefined ? '' : `, ${listOf(neverWords)} is 0, for ever`;
  const instant = (format: ExpiryFormat, count: number, what: string): Choice => ({
    ...{ field: 'expiration_ts', strength, words, seen: `has ${what} in ${inRows(count, column)}` },
    ...(format === 'milliseconds'
      ? { done: `expiration_ts${forever}` }
      : { format, done: `expiration_ts as ${format}${forever}` }),
  });
  if (own !== 'expiration_duration') {
    if (isAll(values.dates + zeros) && values.dates > 0)
      return instant('iso_8601', values.dates, 'dates of ISO 8601');
    if (isAll(values.milliseconds + zeros) && values.milliseconds > 0)
      return instant('milliseconds', values.milliseconds, 'ms since 1970');
    if (isAll(values.seconds + zeros) && values.seconds > 0)
      return instant('seconds', values.seconds, 'seconds since 1970');
  }
  const duration = (format: ExpiryFormat, count: number, what: string): Choice => ({
    ...{
      field: 'expiration_duration',
      strength,
      words,
      format,
      seen: `has ${what} in ${inRows(count, column)}`,
    },
    done: `expiration_duration as ${format}${forever}`,
  });
  // dates may come in later rows
  if (values.never === values.filled.length && own !== 'expiration_duration')
    return instant('iso_8601', values.never, 'words for never');
  if (own === 'expiration_ts') return null;
  if (isAll(values.withUnit + zeros) && values.withUnit > 0)
    return duration('with_unit', values.withUnit, 'durations with their units');
  if (isAll(values.isoDurations + zeros) && values.isoDurations > 0)
    return duration('iso_8601', values.isoDurations, 'durations of ISO 8601');
  if (!isAll(values.counts)) return null;
  const { unit, isSaid } = unitOf(is, own, values);
  if (values.filled.some((text) => !isNever(text) && Number(text) * MINUTES[unit] > MAX_MINUTES)) return null;
  const seen = `has whole numbers in ${inRows(values.counts, column)}`;
  const by = isSaid ? ', as its name says' : '';
  return {
    ...{
      field: 'expiration_duration',
      strength,
      words,
      seen,
      done: `expiration_duration in ${unit}${by}${forever}`,
    },
    ...(unit === 'minutes' ? {} : { format: unit }),
    ...(isSaid ? {} : { or: `${unit === 'days' ? 'minutes' : 'days'} or hours: no unit is said` }),
  };
}

const MINUTES = { minutes: 1, hours: 60, days: 1440 };

function unitOf(
  { roles }: ReadName,
  own: string,
  { filled }: ReadValues,
): { readonly unit: 'minutes' | 'hours' | 'days'; readonly isSaid: boolean } {
  if (own === 'expiration_duration' || roles.has('MINUTES')) return { unit: 'minutes', isSaid: true };
  if (roles.has('HOURS')) return { unit: 'hours', isSaid: true };
  if (roles.has('DAYS')) return { unit: 'days', isSaid: true };
  // ten years of days, or fewer minutes than three days
  const isDays = filled.every((text) => isNever(text) || Number(text) <= 3660);
  return { unit: isDays ? 'days' : 'minutes', isSaid: false };
}

function chooseSegment(column: Column): Choice | null {
  const { is, values, segments } = column;
  if (!is.isKnown || !is.roles.has('SEGMENT')) return null;
  const { filled } = values;
  if (values.lists === filled.length) return chooseSegmentList(column);
  if (values.scalars !== filled.length) return null;
  const distinct = [...new Set(filled)];
  const ids = distinct.filter((text) => segments.hasId(text)).length;
  const names = distinct.filter((text) => segments.hasTechnicalName(text)).length;
  const isNumber = values.wholeNumbers === filled.length;
  const isId = ids !== names ? ids > names : isNumber && !is.roles.has('NAME');
  const known = Math.max(ids, names);
  const what = `names ${listOf(distinct)}`;
  const seen = known === 0 ? what : `${what}, of which this datamart has ${known} of ${distinct.length}`;
  const field = isId ? 'segment_id' : 'segment_technical_name';
  const or = isNumber && known === 0 ? { or: isId ? 'segment_technical_name' : 'segment_id' } : {};
  return { field, strength: known > 0 ? 3 : 2, seen, ...or };
}

function chooseSegmentList({ values, segments }: Column): Choice | null {
  const elements = values.filled.flatMap((json) => JSON.parse(json) as unknown[]);
  if (!elements.every((each) => typeof each === 'string' || Number.isSafeInteger(each))) return null;
  const distinct = [...new Set(elements.map(String))];
  const isId =
    distinct.length > 0 && distinct.every((text) => /^\d+$/.test(text) && !segments.hasTechnicalName(text));
  const field = isId ? 'segment_ids' : 'segment_technical_names';
  return { field, strength: 3, seen: `has lists that name ${listOf(distinct)}` };
}

const WITHOUT_MARK = 'user_account_id, without the apostrophe that is there for spreadsheets';
/** Words beside which a column names no user. */
const NO_USER = ['NAME', 'PAST', 'DATE', 'OPERATION', 'PHONE', 'EXPIRY', 'BAG', 'SEGMENT', 'EMAIL'] as const;

function chooseUser(column: Column): Choice | null {
  const { roles, isKnown } = column.is;
  const { scalars, filled } = column.values;
  if (scalars !== filled.length || NO_USER.some((role) => roles.has(role))) return null;
  if (roles.has('AGENT')) {
    const isId = roles.has('ID') || DEVICE_IDS.has(foldName(column.name));
    return isId ? { field: 'user_agent_id', strength: 2, seen: 'names devices by its name' } : null;
  }
  if (roles.has('WHO') && roles.has('ID')) {
    const isMarked = 2 * column.values.spreadsheetTexts >= filled.length;
    const format = isMarked ? ({ format: 'spreadsheet_text', done: WITHOUT_MARK } as const) : {};
    const named = { field: 'user_account_id', seen: 'names users by its name', ...format };
    return isKnown ? { ...named, strength: 3 } : { ...named, strength: 1, or: 'ids of something else' };
  }
  const mayBe =
    isKnown && (roles.has('WHO') || roles.has('ID')) && !filled.some((text) => /\s/.test(text.trim()));
  if (!mayBe) return null;
  const seen = 'may name users by its name';
  return { field: 'user_account_id', strength: 1, seen, or: 'ids of something else' };
}

function chooseBag({ is, values }: Column): Choice | null {
  const isNamed = is.isKnown && is.roles.has('BAG');
  if (!isNamed || values.objects !== values.filled.length) return null;
  return { field: 'data_bag', strength: 2, seen: 'has JSON objects' };
}

function leaveOut(column: Column): ColumnChoice {
  const { addresses, filled } = column.values;
  if (addresses === 0 && !filled.some((text) => text.includes('@'))) return { field: null, seen: UNREAD };
  const seen = `holds addresses among other things, which would be kept in clear: leave it out of the file, or give it a rule in hash`;
  return { field: null, seen };
}

function isOwn({ name }: Column): boolean {
  return COMMAND_FIELDS.has(foldName(name));
}

/** `20 of 20 rows` */
function inRows(count: number, { rows }: Column): string {
  return `${count} of ${rows} row${rows === 1 ? '' : 's'}`;
}

const MAX_LISTED = 4;

/** `"add", "remove"`; of many the first. */
function listOf(words: readonly string[]): string {
  const first = words.slice(0, MAX_LISTED).map(shown).join(', ');
  return words.length > MAX_LISTED ? `${first} and others` : first;
}

const MAX_SHOWN = 40;

function shown(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}
