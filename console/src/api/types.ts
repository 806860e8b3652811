import type { Static } from 'typebox';
import type { ActivityView } from '../../../src/http/activity/routes.ts';
import type { AuditEntryView } from '../../../src/http/audit-log/routes.ts';
import type { PreviewView } from '../../../src/http/document-imports/preview-view.ts';
import type { DocumentImportView } from '../../../src/http/document-imports/view.ts';
import type { RevertPreviewView, SegmentChangesView } from '../../../src/http/executions/changes.ts';
import type { FailedLineView, WarningView } from '../../../src/http/executions/lines.ts';
import type { UnknownSegmentView } from '../../../src/http/executions/unknown-segments.ts';
import type { ExecutionView } from '../../../src/http/executions/view.ts';
import type { ExportView } from '../../../src/http/exports/view.ts';
import type { ChangeView, ExecutionChangesView, OriginView } from '../../../src/http/segments/change-view.ts';
import type { HistoryView } from '../../../src/http/segments/history.ts';
import type { ExpirationsView } from '../../../src/http/segments/members.ts';
import type { OverlapsView } from '../../../src/http/segments/overlaps.ts';
import type { MemberView, SegmentView } from '../../../src/http/segments/view.ts';
import type { SourceFileView, SourceTestView, SourceView } from '../../../src/http/sources/view.ts';
import type { IdentifierView, MembershipView } from '../../../src/http/users/view.ts';
import type { DeliveryView, WebhookView } from '../../../src/http/webhooks/view.ts';
import type { DatamartView, SelectionView } from '../../../src/model/datamart.ts';
import type { CreatedTokenView, TokenView } from '../../../src/model/token.ts';

/**
 * What the API answers, by the schemas that it is checked against itself; types alone, no code of
 * the service.
 */

export type Execution = Static<typeof ExecutionView>;
/** What went on in a datamart lately. */
export type Activity = Static<typeof ActivityView>;
export type ExecutionStatus = Execution['status'];
export type DocumentImport = Static<typeof DocumentImportView>;
/** What is known of the files that an import expects. */
export type Expected = NonNullable<DocumentImport['expected']>;
/** As the list of imports has them when it is asked for `last_execution`. */
export type ListedImport = DocumentImport & { readonly last_execution?: Execution | null };
export type FailedLine = Static<typeof FailedLineView>;
export type UnknownSegment = Static<typeof UnknownSegmentView>;
/** What is odd about a line of a file, or about the file. */
export type ListedWarning = Static<typeof WarningView>;
/** What would become of the first lines of a file. */
export type FilePreview = Static<typeof PreviewView>;
export type Segment = Static<typeof SegmentView>;
export type Membership = Static<typeof MembershipView>;
export type UserIdentifier = Static<typeof IdentifierView>;
export type Member = Static<typeof MemberView>;
export type MembershipChange = Static<typeof ChangeView>;
export type MembershipOrigin = Static<typeof OriginView>;
export type ExecutionChanges = Static<typeof ExecutionChangesView>;
export type SegmentExport = Static<typeof ExportView>;
export type Datamart = Static<typeof DatamartView>;
export type CompartmentSelection = Static<typeof SelectionView>;
export type ApiToken = Static<typeof TokenView>;
export type CreatedToken = Static<typeof CreatedTokenView>;
export type AuditEntry = Static<typeof AuditEntryView>;
export type Webhook = Static<typeof WebhookView>;
export type Delivery = Static<typeof DeliveryView>;
/** Where the files of an import are pulled from. */
export type Source = Static<typeof SourceView>;
export type SourceKind = Source['kind'];
/** What became of a file of a source. */
export type SourceFile = Static<typeof SourceFileView>;
/** What a source shows when it is connected to, and what would be taken of it. */
export type SourceTest = Static<typeof SourceTestView>;
export type Role = ApiToken['role'];

export type List<T> = {
  readonly data: readonly T[];
  readonly count: number;
  readonly first_result: number;
  readonly total: number;
};

/** What an execution did, by segment. */
export type SegmentChanges = Static<typeof SegmentChangesView>;
/** What a revert would do now, by segment. */
export type RevertPreview = Static<typeof RevertPreviewView>;
export type SegmentHistory = Static<typeof HistoryView>;
export type HistoryBucket = SegmentHistory['history'][number];
export type Forecast = Static<typeof ExpirationsView>;
export type Overlaps = Static<typeof OverlapsView>;
