import { Type } from 'typebox';
import type { RecordOf } from './record.ts';
import { MAX_TECHNICAL_NAME_CHARS, SEGMENT_TYPES } from './records.ts';
import { Id, Instant, Name, nullableInteger, nullableText, oneOf } from './schema.ts';

export const SegmentTypeName = oneOf(SEGMENT_TYPES);

/**
 * `feed_type` is null for types that have no feed; only `USER_LIST` with `FILE_IMPORT` takes
 * commands. `default_ttl_ms` counts from the start of the execution; null where commands must bring
 * their own expiry.
 */
export const SEGMENT_FIELDS = {
  id: Id,
  organisation_id: Id,
  datamart_id: Id,
  type: SegmentTypeName,
  feed_type: nullableText(),
  subtype: Type.String(),
  name: Type.String(),
  short_description: nullableText(),
  technical_name: nullableText(),
  default_ttl_ms: nullableInteger({ description: 'ms' }),
  persisted: Type.Boolean(),
  paused: Type.Boolean(),
  creation_ts: Instant,
  last_modified_ts: Instant,
};

/** What a client may set, and within which bounds. */
export const SEGMENT_INPUT = {
  name: Name,
  short_description: nullableText({ maxLength: 2_000 }),
  technical_name: nullableText({ maxLength: MAX_TECHNICAL_NAME_CHARS }),
  default_ttl_ms: nullableInteger({ minimum: 0, maximum: 1e13, description: 'ms; 0 and null: none' }),
  persisted: Type.Boolean(),
  paused: Type.Boolean(),
};

export type Segment = RecordOf<typeof SEGMENT_FIELDS>;
export type SegmentChange = Partial<RecordOf<typeof SEGMENT_INPUT>>;
export type NewSegment = Omit<Segment, 'id' | 'creationTs' | 'lastModifiedTs'> & { readonly now: number };

/** A segment that files are imported into, as far as nobody says otherwise. */
export const IMPORTED_SEGMENT = {
  type: 'USER_LIST',
  feedType: 'FILE_IMPORT',
  subtype: 'STANDARD',
  shortDescription: null,
  technicalName: null,
  defaultTtlMs: null,
  persisted: true,
  paused: false,
} as const satisfies Partial<NewSegment>;
