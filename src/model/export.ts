import type { EndedStatus, ExecutionStatus } from './execution.ts';
import type { IdentifierKind } from './identifier.ts';

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

export type NewExport = {
  readonly organisationId: string;
  readonly datamartId: string;
  readonly segmentId: string;
  readonly mimeType: ExportMimeType;
  readonly kinds: readonly ExportedKind[];
  /** Id of the token that asked for it. */
  readonly userId: string | null;
  readonly creationDate: number;
};

/**
 * What was written: a member has a line for each of its identifiers that were asked for, and none
 * without any.
 */
export type ExportCounts = {
  readonly members: number;
  readonly membersWithIdentifiers: number;
  readonly identifiers: number;
};

export type Export = NewExport & {
  readonly id: string;
  readonly status: ExecutionStatus;
  readonly startDate: number | null;
  readonly endDate: number | null;
  /** Why it FAILED. */
  readonly failure: string | null;
  /** Folder of its file; null until it SUCCEEDED, and when the file is gone again. */
  readonly folder: string | null;
  /** Length of that file. */
  readonly bytes: number | null;
  readonly counts: ExportCounts | null;
};

/** How an export ended. */
export type ExportEnding = {
  readonly status: EndedStatus;
  readonly failure: string | null;
  readonly folder: string | null;
  readonly bytes: number | null;
  readonly counts: ExportCounts | null;
  readonly now: number;
};

/** How long the file of an export is kept: it holds personal data, and can be made again. */
export const EXPORT_LIFE_MS = 24 * 3_600_000;
