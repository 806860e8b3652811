/** What the audit log tells: who did what to which resource, and when. Look-ups are not in it. */

export const AUDIT_ACTIONS = [
  'CREATE',
  'UPDATE',
  'DELETE',
  'UPLOAD',
  'CANCEL',
  'DOWNLOAD',
  'ERASE',
  'EXPORT',
  'REVERT',
  'ROTATE_SECRET',
  'PING',
  'RESEND',
  'LINK',
  'RUN',
  'TEST',
] as const;
/**
 * UPLOAD: a file was taken. DOWNLOAD: an input, error or export file was read, or a backup taken.
 * ERASE: a user was. EXPORT: members of a segment were asked for as a file. REVERT: of an
 * execution. ROTATE_SECRET, PING, RESEND: of a webhook and its deliveries. LINK: a user of the
 * datamart got another identifier. RUN, TEST: a source was asked to be pulled now, or connected to.
 */
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export const AUDIT_RESOURCES = [
  'datamart',
  'compartment',
  'compartment_selection',
  'segment',
  'document_import',
  'execution',
  'api_token',
  'erasure',
  'backup',
  'segment_export',
  'overlap_analysis',
  'webhook',
  'webhook_delivery',
  'source',
] as const;
export type AuditResource = (typeof AUDIT_RESOURCES)[number];

/**
 * Who asked for a change, and when. The name is kept as it was: a token that is deleted is still
 * named.
 */
export type Author = {
  /** Null: the service itself, at its start. */
  readonly tokenId: string | null;
  readonly tokenName: string;
  readonly requestId: string | null;
  readonly at: number;
};

/** What was done. Neither values of members nor identifiers of users are in it. */
export type Change = {
  readonly action: AuditAction;
  readonly resourceType: AuditResource;
  readonly resourceId: string;
  /** Null for what belongs to no datamart. */
  readonly datamartId: string | null;
  readonly details?: AuditDetails;
};

export type AuditDetails = { readonly [name: string]: string | number | boolean | null | readonly string[] };

export type AuditEntry = {
  readonly id: string;
  readonly author: Author;
  readonly change: Change;
};
