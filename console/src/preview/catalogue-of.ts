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
      compartmentId: of.compartment_id,
      isDefault: of.default,
      token: of.token,
      archived: false,
    })),
    segments: segments.map((of) => ({
      id: of.id,
      type: of.type,
      feedType: of.feed_type,
      technicalName: of.technical_name,
      defaultTtlMs: of.default_ttl,
      paused: of.paused,
    })),
  });
}
