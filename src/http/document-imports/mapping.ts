import { type Static, Type } from 'typebox';
import { ServiceError } from '../../errors.ts';
import { checkMapping, type MappingInput } from '../../import/mapping/check-mapping.ts';
import {
  DURATION_FORMATS,
  HASH_RULES,
  IDENTIFIER_FORMATS,
  INSTANT_FORMATS,
  type Mapping,
} from '../../model/mapping.ts';

const Texts = Type.Record(Type.String(), Type.String());
const TextOrNumber = Type.Unsafe<string | number>({ type: ['string', 'number'] });
const Default = Type.Unsafe<Mapping['defaults'][string]>({
  type: ['string', 'number', 'array', 'object'],
  items: { type: ['string', 'number'] },
});

const members = {
  columns: {
    description:
      'the field that each column feeds, by column name; for nested members of NDJSON, a dotted path. The order matters: of several columns for one field, or of several identifiers, the first one that is not blank is used',
    examples: [{ 'Customer ID': 'user_account_id', Op: 'operation' }],
  },
  values: {
    description:
      'the words of the file and what they mean, by field; surrounding blanks and letter case are ignored',
    examples: [{ operation: { add: 'UPDATE' } }],
  },
  defaults: {
    description: 'values for records that lack a field, by field; not for identifiers',
    examples: [{ segment_technical_name: 'vip', expiration_duration: 0 }],
  },
  hash: {
    description: `columns whose plain values are hashed before anything is stored; they feed email_hash unless columns says otherwise: ${HASH_RULES.join(', ')}`,
    examples: [{ Email: 'sha256' }],
  },
  formats: {
    description: `how columns are written: ${INSTANT_FORMATS.join(', ')} for expiration_ts, ${DURATION_FORMATS.join(', ')} for expiration_duration, ${IDENTIFIER_FORMATS.join(', ')} for identifiers`,
    examples: [{ Expires: 'iso_8601' }],
  },
  optional: {
    description: 'columns that a CSV header may lack; their fields are then blank',
    examples: [['Expires']],
  },
};

/** A mapping as it is shown. */
export const MappingView = Type.Object({
  columns: Type.Unsafe<Mapping['columns']>({ ...Texts, ...members.columns }),
  values: Type.Unsafe<Mapping['values']>({ ...Type.Record(Type.String(), Texts), ...members.values }),
  defaults: Type.Unsafe<Mapping['defaults']>({ ...Type.Record(Type.String(), Default), ...members.defaults }),
  hash: Type.Unsafe<Mapping['hash']>({ ...Texts, ...members.hash }),
  formats: Type.Unsafe<Mapping['formats']>({ ...Texts, ...members.formats }),
  optional: Type.Optional(
    Type.Unsafe<readonly string[]>({ ...Type.Array(Type.String()), ...members.optional }),
  ),
});

/** A mapping as it is asked for; null: none. */
export const MappingBody = Type.Unsafe<MappingInput | null>({
  ...Type.Object({
    columns: Type.Optional(Type.Unsafe({ ...Texts, ...members.columns })),
    values: Type.Optional(
      Type.Unsafe({
        ...Type.Record(Type.String(), Type.Record(Type.String(), TextOrNumber)),
        ...members.values,
      }),
    ),
    defaults: Type.Optional(Type.Unsafe({ ...Type.Record(Type.String(), Default), ...members.defaults })),
    hash: Type.Optional(Type.Unsafe({ ...Texts, ...members.hash })),
    formats: Type.Optional(Type.Unsafe({ ...Texts, ...members.formats })),
    optional: Type.Optional(Type.Unsafe({ ...Type.Array(Type.String()), ...members.optional })),
  }),
  type: ['object', 'null'],
  description:
    'how the columns and words of the files become commands; null: the files use the names of commands',
});

/** The mapping that a request asks for. Throws INVALID_REQUEST for one that cannot be used. */
export function readMapping(input: Static<typeof MappingBody>): Mapping | null {
  if (input === null) return null;
  const checked = checkMapping(input);
  if (!checked.ok) throw new ServiceError('INVALID_REQUEST', checked.message);
  return checked.mapping;
}
