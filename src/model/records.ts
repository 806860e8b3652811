import type { StoredIdentifier, UuidHalves } from './identifier.ts';

/**
 * The small records of a store, in the words of spec §1 and §3. Ids are decimal strings, instants
 * ms since the epoch.
 */

/** What every fresh store starts with (spec §1): organisation, datamart and compartment `1`. */
export const FIRST_ID = '1';

/** The longest technical name of a segment, in characters. */
export const MAX_TECHNICAL_NAME_CHARS = 255;

export type Page = { readonly firstResult: number; readonly maxResults: number };
/** A page of a list with the number of elements that match in all. */
export type Listed<T> = { readonly elements: readonly T[]; readonly total: number };

export const SEGMENT_TYPES = [
  'USER_LIST',
  'USER_QUERY',
  'USER_ACTIVATION',
  'USER_PARTITION',
  'USER_PIXEL',
  'USER_LOOKALIKE',
  'EDGE',
] as const;
export type SegmentType = (typeof SEGMENT_TYPES)[number];

/** Whether files can be imported into a segment of this kind (spec §3). */
export function isImportable(segment: { type: SegmentType; feedType: string | null }): boolean {
  return segment.type === 'USER_LIST' && segment.feedType === 'FILE_IMPORT';
}

/** Live members of a segment, in all and by what they can be found by (spec §3). */
export type SegmentSize = {
  readonly userPoints: number;
  readonly userAccounts: number;
  readonly emails: number;
  readonly userAgents: number;
};

export const EMPTY_SEGMENT_SIZE: SegmentSize = { userPoints: 0, userAccounts: 0, emails: 0, userAgents: 0 };

/** One user point in one segment. */
export type Membership = {
  readonly segmentId: string;
  readonly segmentName: string;
  readonly segmentTechnicalName: string | null;
  readonly creationTs: number;
  readonly lastModifiedTs: number;
  readonly expirationTs: number | null;
  /** JSON text of an object. */
  readonly dataBag: string | null;
};

/** A member of a segment: a user point with what it is found by, and its membership. */
export type Member = {
  readonly userPointId: UuidHalves;
  /** Oldest first. */
  readonly identifiers: readonly StoredIdentifier[];
} & Omit<Membership, 'segmentId' | 'segmentName' | 'segmentTechnicalName'>;

/** How many user points are in both of two segments. */
export type Overlap = { readonly segmentIds: readonly [string, string]; readonly userPoints: number };

export const MIME_TYPES = ['APPLICATION_X_NDJSON', 'TEXT_CSV', 'APPLICATION_PARQUET'] as const;
export type MimeType = (typeof MIME_TYPES)[number];

export const PRIORITIES = ['LOW', 'MEDIUM', 'HIGH'] as const;
export type Priority = (typeof PRIORITIES)[number];

export const ROLES = ['reader', 'editor', 'admin'] as const;
/**
 * What a token may do: look up; import and edit segments; everything. Each includes the one before.
 */
export type Role = (typeof ROLES)[number];
