import { type Static, Type } from 'typebox';
import type { Compartment, CompartmentSelection, Datamart } from '../../model/records.ts';
import { Id, Instant } from '../schemas.ts';

export const DatamartView = Type.Object({
  id: Id,
  name: Type.String(),
  organisation_id: Id,
  token: Type.String(),
  creation_date: Instant,
  time_zone: Type.String(),
  type: Type.Literal('DATAMART'),
  archived: Type.Boolean(),
});

export function viewDatamart(of: Datamart): Static<typeof DatamartView> {
  return {
    id: of.id,
    name: of.name,
    organisation_id: of.organisationId,
    token: of.token,
    creation_date: of.creationDate,
    time_zone: of.timeZone,
    type: 'DATAMART',
    archived: of.archived,
  };
}

export const CompartmentView = Type.Object({
  id: Id,
  organisation_id: Id,
  name: Type.String(),
  token: Type.String(),
  archived: Type.Boolean(),
});

export function viewCompartment(of: Compartment): Static<typeof CompartmentView> {
  return {
    id: of.id,
    organisation_id: of.organisationId,
    name: of.name,
    token: of.token,
    archived: of.archived,
  };
}

export const SelectionView = Type.Object({
  id: Id,
  datamart_id: Id,
  compartment_id: Id,
  default: Type.Boolean(),
  token: Type.String(),
  name: Type.String(),
});

export function viewSelection(of: CompartmentSelection): Static<typeof SelectionView> {
  return {
    id: of.id,
    datamart_id: of.datamartId,
    compartment_id: of.compartmentId,
    default: of.isDefault,
    token: of.token,
    name: of.name,
  };
}
