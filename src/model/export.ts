import { Type } from 'typebox';
import type { EndedStatus } from './execution.ts';
import type { IdentifierKind } from './identifier.ts';
import type { RecordOf } from './record.ts';
import { nullableInteger, nullableText, oneOf } from './schema.ts';
import { PENDING_JOB, SEGMENT_JOB_FIELDS } from './segment-job.ts';

/**
 * Files that the members of a segment are written to: commands that can be imported again, or a
 * table.
 */
export const EXPORT_MIME_TYPES = ['TEXT_CSV', 'APPLICATION_X_NDJSON', 'APPLICATION_PARQUET'] as const;
export type ExportMimeType = (typeof EXPORT_MIME_TYPES)[number];

/**
 * Identifiers that an export has: those of a kind; accounts of one compartment, or of all when it
 * is null.
 */
export type ExportedKind = { readonly kind: IdentifierKind; readonly compartmentId: string | null };

/**
 * What was written: a member has a line for each of its identifiers that were asked for, and none
 * without any.
 */
export type ExportCounts = {
  readonly members: number;
  readonly membersWithIdentifiers: number;
  readonly identifiers: number;
};

export const EXPORT_FIELDS = {
  ...SEGMENT_JOB_FIELDS,
  mime_type: oneOf(EXPORT_MIME_TYPES),
  kinds: Type.Unsafe<readonly ExportedKind[]>({ type: 'array' }),
  folder: nullableText({ description: 'of its file; null until it SUCCEEDED, and when that is gone again' }),
  bytes: nullableInteger({ description: 'length of that file' }),
  counts: Type.Unsafe<ExportCounts | null>({ type: ['object', 'null'] }),
};

export type Export = RecordOf<typeof EXPORT_FIELDS>;

/** What one is until it is claimed. */
export const PENDING_EXPORT = { ...PENDING_JOB, folder: null, bytes: null, counts: null } as const;
export type NewExport = Omit<Export, 'id' | keyof typeof PENDING_EXPORT>;

/** How an export ended. */
export type ExportEnding = Pick<Export, 'failure' | 'folder' | 'bytes' | 'counts'> & {
  readonly status: EndedStatus;
  readonly now: number;
};

/** How long the file of an export is kept: it holds personal data, and can be made again. */
export const EXPORT_LIFE_MS = 24 * 3_600_000;
