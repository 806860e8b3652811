import { type Json, writeJson } from './json.ts';
import {
  type ModelCatalogue,
  type ModelCommand,
  type ModelRecord,
  Refused,
  readCommand,
} from './read-command.ts';

/** What a file is warned of. */
export type ModelWarning = {
  readonly line: number | null;
  readonly code: string;
  readonly field: string | null;
};

const TEN_YEARS_MS = 3653 * 24 * 3600 * 1000;
const FIELD = { USER_ACCOUNT: 'user_account_id', USER_EMAIL: 'email_hash', USER_AGENT: 'user_agent_id' };
const KNOWN = new Set([
  ...['operation', 'user_account_id', 'compartment_id', 'compartment_token', 'email_hash', 'user_agent_id'],
  ...['segment_id', 'segment_ids', 'segment_technical_name', 'segment_technical_names'],
  ...['expiration_duration', 'expiration_ts', 'data_bag'],
  ...['error_line', 'error_code', 'error_message', 'error_raw'],
]);

/**
 * Spec §8 on warnings, in the plainest way: record after record. Shares nothing with `src`.
 * `header`: its line, and the names of the columns as the file has them; null where it has none.
 */
export function warningsOf(
  file: {
    readonly records: readonly ModelRecord[];
    readonly header: { readonly line: number; readonly names: readonly string[] } | null;
  },
  catalogue: ModelCatalogue,
  startDate: number,
): readonly ModelWarning[] {
  const { records, header } = file;
  const warnings: ModelWarning[] = [];
  const seen = new Set<string>();
  const name = (line: number, given: string, known: string) => {
    if (KNOWN.has(known) || seen.has(given)) return;
    seen.add(given);
    warnings.push({ line, code: 'UNKNOWN_FIELD', field: given });
  };
  for (const column of header?.names ?? []) {
    const given = column.replaceAll('"', '').trim();
    name(header?.line ?? 1, given, given.toLowerCase());
  }
  if (records.length === 0) warnings.push({ line: null, code: 'NO_COMMANDS', field: null });
  for (const record of records) {
    if (record.type === 'object')
      for (const [given] of record.object.members) name(record.line, given, given);
    try {
      warnings.push(...ofCommand(record, readCommand(record, catalogue, startDate), startDate));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }
  return warnings;
}

function ofCommand(record: ModelRecord, command: ModelCommand, startDate: number): ModelWarning[] {
  const { identifier, operation, targets } = command;
  const { line } = record;
  const { value } = identifier;
  const field = FIELD[identifier.kind];
  const codes: string[] = [];
  const [first = '', last = ''] = [[...value][0], [...value].at(-1)];
  if (first.trim() === '' || last.trim() === '') codes.push('SURROUNDING_BLANKS');
  if (looksLikeFloat(value.trim())) codes.push('LOOKS_LIKE_FLOAT');
  if (identifier.kind === 'USER_EMAIL') {
    const isHex = [...value.trim()].every((digit) => '0123456789abcdefABCDEF'.includes(digit));
    const isHash = value.trim().length >= 8 && value.trim().length % 2 === 0;
    if (isHex && isHash && value !== value.toLowerCase()) codes.push('HASH_IN_CAPITALS');
  } else if (value.includes('@') && /\.\w/.test(value.split('@').at(-1) ?? ''))
    codes.push('LOOKS_LIKE_EMAIL');
  const warnings: ModelWarning[] = codes.map((code) => ({ line, code, field }));
  const given = operation === 'UPDATE' ? expiryField(record) : null;
  const until = Math.max(...[...targets.values()].map((expiresAt) => expiresAt ?? 0));
  if (given !== null && until - startDate > TEN_YEARS_MS)
    warnings.push({ line, code: 'FAR_EXPIRY', field: given });
  return warnings;
}

/**
 * A number of digits that was written with a fraction of zeros, or with an exponent that shows what
 * it is.
 */
function looksLikeFloat(text: string): boolean {
  const [mantissa = '', exponent, ...more] = text.toLowerCase().split('e');
  const [whole = '', fraction, ...parts] = mantissa.replace(',', '.').replace(/^[+-]/, '').split('.');
  const areDigits = (digits: string) =>
    digits !== '' && [...digits].every((digit) => digit >= '0' && digit <= '9');
  if (more.length > 0 || parts.length > 0 || !areDigits(whole)) return false;
  if (fraction !== undefined && !areDigits(fraction)) return false;
  if (exponent === undefined) return fraction !== undefined && Number(fraction) === 0;
  if (!areDigits(exponent.replace(/^[+-]/, ''))) return false;
  return fraction !== undefined || exponent.startsWith('+');
}

/** The field that says when a membership ends; null where the record leaves it to the segment. */
function expiryField(record: ModelRecord): string | null {
  for (const name of ['expiration_ts', 'expiration_duration']) {
    const value = memberOf(record, name);
    if (
      value !== undefined &&
      value !== null &&
      (typeof value === 'object' ? writeJson(value) : String(value)).trim() !== ''
    )
      return name;
  }
  return null;
}

function memberOf(record: ModelRecord, name: string): Json | undefined {
  if (record.type === 'object') return new Map(record.object.members).get(name);
  return record.type === 'row' ? record.cells.get(name) : undefined;
}
