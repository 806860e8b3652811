import type { Json } from './json.ts';
import {
  fieldsOf,
  type ModelCatalogue,
  type ModelIdentifier,
  type ModelRecord,
  Refused,
  readText,
  readTexts,
} from './read-command.ts';

/** Whom a failed record names; `segmentIds` null: in any segment. */
export type ModelNames = {
  readonly identifiers: readonly ModelIdentifier[];
  readonly segmentIds: ReadonlySet<string> | null;
};

type Fields = ReadonlyMap<string, Json>;

/**
 * Reads whom a failed record names: each identifier it has, in each compartment that may be meant.
 */
export function namedBy(record: ModelRecord, catalogue: ModelCatalogue): ModelNames {
  if (record.type !== 'broken') {
    const fields = fieldsOf(record);
    return { identifiers: identifiersIn(fields, catalogue), segmentIds: segmentsIn(fields, catalogue) };
  }
  const identifiers = (record.readable ?? []).flatMap((fields) => identifiersIn(fields, catalogue));
  // what could not be decoded is not what was meant
  return { identifiers: identifiers.filter(({ value }) => !value.includes('\ufffd')), segmentIds: null };
}

function identifiersIn(fields: Fields, catalogue: ModelCatalogue): ModelIdentifier[] {
  const found: ModelIdentifier[] = [];
  const account = textOrNull(fields.get('user_account_id'));
  if (account !== null)
    for (const compartment of compartmentsIn(fields, catalogue))
      found.push({ kind: 'USER_ACCOUNT', compartment, value: account });
  const email = textOrNull(fields.get('email_hash'));
  if (email !== null) found.push({ kind: 'USER_EMAIL', compartment: null, value: email });
  const agent = textOrNull(fields.get('user_agent_id'));
  if (agent !== null) found.push({ kind: 'USER_AGENT', compartment: null, value: agent });
  return found;
}

function compartmentsIn(fields: Fields, { compartments, defaultCompartment }: ModelCatalogue): string[] {
  const given = (name: string) => isGiven(fields.get(name));
  const id = textOrNull(fields.get('compartment_id'));
  const token = textOrNull(fields.get('compartment_token'));
  const all = compartments.map((compartment) => compartment.id);
  if (!given('compartment_id') && !given('compartment_token')) {
    const standard = compartments.find((each) => each.id === defaultCompartment && !each.archived);
    return standard === undefined ? all : [standard.id];
  }
  const named = compartments.filter((each) => each.id === id || each.token === token);
  return named.length === 0 ? all : named.map((each) => each.id);
}

function segmentsIn(fields: Fields, { segments }: ModelCatalogue): ReadonlySet<string> | null {
  try {
    // a list in a field for one value is not read: what it was to say cannot be told
    const textsOf = (one: string, several: string) => [
      ...[readText(fields.get(one))].filter((text) => text !== null),
      ...readTexts(fields.get(several)),
    ];
    const ids = textsOf('segment_id', 'segment_ids');
    const names = textsOf('segment_technical_name', 'segment_technical_names');
    const found = [
      ...ids.map((id) => segments.find((segment) => segment.id === id)),
      ...names.map((name) => segments.find((segment) => segment.technicalName === name)),
    ];
    if (found.length === 0 || found.includes(undefined)) return null;
    return new Set(found.flatMap((segment) => segment?.id ?? []));
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

function textOrNull(value: Json | undefined): string | null {
  try {
    return readText(value);
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

/** Whether a field holds something, be it of a wrong type. */
function isGiven(value: Json | undefined): boolean {
  try {
    return readText(value) !== null;
  } catch {
    return true;
  }
}
