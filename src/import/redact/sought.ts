import type { Catalogue } from '../../model/catalogue.ts';
import type { Sought } from '../../model/erasure.ts';
import type { IdentifierKind } from '../../model/identifier.ts';
import type { MimeType } from '../../model/records.ts';
import { holdsWord } from '../../model/words.ts';
import { type CommandSource, type DocumentRecord, isRejection } from '../document-format.ts';
import { readText } from '../read-field.ts';

const FIELD: Readonly<Record<IdentifierKind, string>> = {
  USER_ACCOUNT: 'user_account_id',
  USER_EMAIL: 'email_hash',
  USER_AGENT: 'user_agent_id',
};

/** The longest text, in bytes or characters, that is searched for as a whole. */
const MAX_NEEDLE = 64;

/** A row of a CSV error file that keeps a row which could not be read, in one cell. */
const UNREAD_ROW = /^"?\d+"?[,;\t](?:INVALID_CSV|INVALID_ENCODING|LINE_TOO_LONG)[,;\t]/;

/**
 * How a value may stand in a file, as its writer may have escaped it; and once more, as an error
 * file escapes a line that could not be read.
 */
export function spellingsOf(value: string, mimeType: MimeType): readonly string[] {
  const escaped = mimeType === 'TEXT_CSV' ? doubleQuotes : escapeInJson;
  const once = escaped(value);
  return [...new Set([value, ...once, ...once.flatMap(escaped)])];
}

/** The bytes that are searched for where a text may stand. */
export function needleOf(text: string): Buffer {
  return Buffer.from(text).subarray(0, MAX_NEEDLE);
}

function doubleQuotes(text: string): string[] {
  return [text.replaceAll('"', '""')];
}

function escapeInJson(text: string): string[] {
  const inJson = JSON.stringify(text).slice(1, -1);
  return [inJson, inJson.replaceAll('/', '\\/')];
}

/**
 * What a file must hold somewhere to name one of them: of a long value its beginning, since a
 * search for the whole of it may compare it again at each byte. In JSON `\u` may stand for any
 * character, and each `/` may be escaped or not.
 */
export function needlesOf(sought: readonly Sought[], mimeType: MimeType): readonly Buffer[] {
  const needles = new Set(sought.flatMap(({ value }) => spellingsOf(value, mimeType)));
  if (mimeType !== 'TEXT_CSV') {
    needles.add('\\u');
    if (sought.some(({ value }) => value.includes('/'))) needles.add('\\/');
  }
  return [...needles].map(needleOf);
}

/**
 * Whether a record names this user. One that cannot be read does when the value stands in it as a
 * word. An account without compartment is in the default one, which may have been another by then:
 * it is taken for this user's.
 */
export function namesUser(
  record: Pick<DocumentRecord, 'content' | 'text'>,
  { kind, compartmentId, value }: Sought,
  of: { readonly catalogue: Catalogue; readonly mimeType: MimeType; readonly file: 'input' | 'errors' },
): boolean {
  const { content, text } = record;
  // no spelling is shorter than the value, which may be longer than many a record together
  const isIn = (where: string) =>
    where.length >= value.length &&
    spellingsOf(value, of.mimeType).some((spelling) => holdsWord(where, spelling));
  if (isRejection(content)) return isIn(text);
  const isOther = content.mapped?.identifiers.some(
    ([field, other]) => field === FIELD[kind] && String(other) === value,
  );
  // a mapping reads one identifier of several, and the record holds them all
  if (isOther && (kind !== 'USER_ACCOUNT' || mayBeIn(content, { compartmentId, catalogue: of.catalogue })))
    return true;
  const given = readText(content, FIELD[kind]);
  if (typeof given === 'string') {
    if (given !== value) return of.file === 'errors' && isIn(unreadPart(content, text));
    return kind !== 'USER_ACCOUNT' || mayBeIn(content, { compartmentId, catalogue: of.catalogue });
  }
  // a value of another type: an array that holds it, for one
  if (given !== null) return isIn(text);
  return of.file === 'errors' && isIn(unreadPart(content, text));
}

/** What an error file keeps of a record that could not be read, or an empty text. */
function unreadPart({ fields, mapped }: CommandSource, text: string): string {
  const own = mapped?.own ?? fields;
  if (typeof own.error_raw === 'string') return own.error_raw;
  return UNREAD_ROW.test(text) ? text : '';
}

function mayBeIn(
  source: CommandSource,
  { compartmentId, catalogue }: { compartmentId: string; catalogue: Catalogue },
): boolean {
  const id = readText(source, 'compartment_id');
  if (typeof id === 'string') return id === compartmentId;
  const token = readText(source, 'compartment_token');
  if (typeof token !== 'string') return true;
  return (catalogue.compartmentIdByToken.get(token) ?? compartmentId) === compartmentId;
}
