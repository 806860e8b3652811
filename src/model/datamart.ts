import { Type } from 'typebox';
import { type RecordOf, schemaOf, viewer } from './record.ts';
import { Id, Instant, Name } from './schema.ts';

export const DATAMART_FIELDS = {
  id: Id,
  name: Type.String(),
  organisation_id: Id,
  token: Type.String(),
  creation_date: Instant,
  time_zone: Type.String(),
  type: Type.Literal('DATAMART'),
  archived: Type.Boolean(),
};

/** What a client may change. */
export const DATAMART_INPUT = {
  name: Name,
  token: Name,
  time_zone: Type.String(),
  archived: Type.Boolean(),
};

export type Datamart = RecordOf<typeof DATAMART_FIELDS>;
export const DatamartView = schemaOf(DATAMART_FIELDS);
export const viewDatamart = viewer(DATAMART_FIELDS);
export type DatamartChange = Partial<RecordOf<typeof DATAMART_INPUT>>;

/** A name space for user account ids, owned by an organisation and selected in datamarts. */
export const COMPARTMENT_FIELDS = {
  id: Id,
  organisation_id: Id,
  name: Type.String(),
  token: Type.String(),
  archived: Type.Boolean(),
};

/** What a client may change. */
export const COMPARTMENT_INPUT = { name: Name, token: Name, archived: Type.Boolean() };

export type Compartment = RecordOf<typeof COMPARTMENT_FIELDS>;
export const CompartmentView = schemaOf(COMPARTMENT_FIELDS);
export const viewCompartment = viewer(COMPARTMENT_FIELDS);
export type CompartmentChange = Partial<RecordOf<typeof COMPARTMENT_INPUT>>;

/**
 * A compartment as one datamart selects it; `id` is the selection's own. Exactly one per datamart
 * is the default.
 */
export const SELECTION_FIELDS = {
  id: Id,
  datamart_id: Id,
  compartment_id: Id,
  is_default: Type.Boolean(),
  token: Type.String(),
  name: Type.String(),
};

/** With what the API does not show of its compartment. */
export const STORED_SELECTION_FIELDS = { ...SELECTION_FIELDS, archived: Type.Boolean() };
export const SelectionView = schemaOf(SELECTION_FIELDS);
export const viewSelection = viewer(SELECTION_FIELDS);
export type CompartmentSelection = RecordOf<typeof STORED_SELECTION_FIELDS>;
