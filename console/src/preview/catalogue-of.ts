import { buildCatalogue, type Catalogue } from '../../../src/model/catalogue.ts';
import type { CompartmentSelection, Segment } from '../api/types.ts';

/** What commands are checked against, from what the API tells of a datamart. */
export function catalogueOf(
  datamartId: string,
  {
    segments,
    selections,
  }: { readonly segments: readonly Segment[]; readonly selections: readonly CompartmentSelection[] },
): Catalogue {
  return buildCatalogue({
    datamartId,
    version: 0,
    selections: selections.map((of) => ({
      id: of.id,
      datamartId: of.datamart_id,
      compartmentId: of.compartment_id,
      isDefault: of.default,
      token: of.token,
      name: of.name,
      archived: false,
    })),
    segments: segments.map((of) => ({
      id: of.id,
      organisationId: of.organisation_id,
      datamartId: of.datamart_id,
      type: of.type,
      feedType: of.feed_type,
      subtype: of.subtype,
      name: of.name,
      shortDescription: of.short_description,
      technicalName: of.technical_name,
      defaultTtlMs: of.default_ttl,
      persisted: of.persisted,
      paused: of.paused,
      creationTs: of.creation_ts,
      lastModifiedTs: of.last_modified_ts,
    })),
  });
}
