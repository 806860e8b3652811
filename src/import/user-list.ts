import type { Catalogue } from '../model/catalogue.ts';
import type { CommandSource } from './document-format.ts';
import { isAbsent } from './read-field.ts';

/**
 * A row of a list of users for one segment, as the command it stands for: UPDATE unless it says
 * otherwise, and never ending where neither the row nor the segment says when.
 */
export function asUserListCommand(
  row: CommandSource,
  segmentId: string,
  catalogue: Catalogue,
): CommandSource {
  const { fields } = row;
  const saysWhen = !isAbsent(fields.expiration_ts) || !isAbsent(fields.expiration_duration);
  const segmentSaysWhen = (catalogue.segmentById.get(segmentId)?.defaultTtlMs ?? null) !== null;
  const added: Record<string, string> = {
    ...(isAbsent(fields.operation) ? { operation: 'UPDATE' } : {}),
    segment_id: segmentId,
    ...(saysWhen || segmentSaysWhen ? {} : { expiration_duration: '0' }),
  };
  return {
    ...row,
    fields: { ...fields, ...added },
    source: (field, index) => added[field] ?? row.source(field, index),
  };
}
