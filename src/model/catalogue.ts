import type { CompartmentSelection } from './datamart.ts';
import { isImportable } from './records.ts';
import type { Segment } from './segment.ts';

/** A segment as commands see it. */
export type CatalogueSegment = {
  readonly id: string;
  readonly importable: boolean;
  readonly paused: boolean;
  readonly defaultTtlMs: number | null;
};

/**
 * What the commands of a file are checked against: the compartments and segments of one datamart at
 * one moment. `version` counts the changes that can make a staged command wrong (a segment deleted,
 * paused, its technical name or TTL changed; a compartment changed, selected, made the default): a
 * merge refuses a chunk staged against another version.
 */
export type Catalogue = {
  readonly datamartId: string;
  readonly version: number;
  readonly defaultCompartmentId: string | null;
  readonly compartmentById: ReadonlyMap<string, { readonly archived: boolean }>;
  readonly compartmentIdByToken: ReadonlyMap<string, string>;
  readonly segmentById: ReadonlyMap<string, CatalogueSegment>;
  readonly segmentByTechnicalName: ReadonlyMap<string, CatalogueSegment>;
};

/** Indexes the records of a datamart for the checks of `parseCommand`. */
export function buildCatalogue(of: {
  readonly datamartId: string;
  readonly version: number;
  readonly selections: readonly Pick<
    CompartmentSelection,
    'compartmentId' | 'isDefault' | 'token' | 'archived'
  >[];
  readonly segments: readonly Pick<
    Segment,
    'id' | 'type' | 'feedType' | 'technicalName' | 'defaultTtlMs' | 'paused'
  >[];
}): Catalogue {
  const segmentById = new Map<string, CatalogueSegment>();
  const segmentByTechnicalName = new Map<string, CatalogueSegment>();
  for (const segment of of.segments) {
    const entry: CatalogueSegment = {
      id: segment.id,
      importable: isImportable(segment),
      paused: segment.paused,
      defaultTtlMs: segment.defaultTtlMs,
    };
    segmentById.set(segment.id, entry);
    if (segment.technicalName !== null) segmentByTechnicalName.set(segment.technicalName, entry);
  }
  const inUse = of.selections.filter((selection) => !selection.archived);
  return {
    datamartId: of.datamartId,
    version: of.version,
    defaultCompartmentId: inUse.find((selection) => selection.isDefault)?.compartmentId ?? null,
    compartmentById: new Map(of.selections.map((s) => [s.compartmentId, { archived: s.archived }])),
    compartmentIdByToken: new Map(of.selections.map((s) => [s.token, s.compartmentId])),
    segmentById,
    segmentByTechnicalName,
  };
}
