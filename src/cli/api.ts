import type { Static } from 'typebox';
import type { PreviewView } from '../http/document-imports/preview-view.ts';
import type { DocumentImportView } from '../http/document-imports/view.ts';
import type { FailedLineView, WarningView } from '../http/executions/lines.ts';
import type { UnknownSegmentView } from '../http/executions/unknown-segments.ts';
import type { ExecutionView } from '../http/executions/view.ts';
import type { ChangeView, ExecutionChangesView, OriginView } from '../http/segments/change-view.ts';
import type { HistoryView } from '../http/segments/history.ts';
import type { ExpirationsView } from '../http/segments/members.ts';
import type { OverlapsView } from '../http/segments/overlaps.ts';
import type { SegmentView } from '../http/segments/view.ts';
import type { SourceFileView, SourceTestView, SourceView } from '../http/sources/view.ts';
import type { MembershipView } from '../http/users/view.ts';
import type { ErasureView } from '../model/erasure.ts';

/**
 * The answers of the service, by the schemas that it checks them against itself; types alone, no
 * code of it.
 */

export type ApiDocumentImport = Static<typeof DocumentImportView>;
/** What would become of the first lines of a file. */
export type ApiPreview = Static<typeof PreviewView>;
export type ApiPreviewedCommand = NonNullable<ApiPreview['lines'][number]['command']>;
export type ApiSegment = Static<typeof SegmentView>;
export type ApiMembership = Static<typeof MembershipView>;
export type ApiHistory = Static<typeof HistoryView>;
/** An execution that changed who is in a segment. */
export type ApiSegmentExecution = Static<typeof ExecutionChangesView>;
export type ApiExpirations = Static<typeof ExpirationsView>;
export type ApiOverlaps = Static<typeof OverlapsView>;
export type ApiChange = Static<typeof ChangeView>;
/** Where a live membership comes from. */
export type ApiOrigin = Static<typeof OriginView>;
export type ApiIdentifier =
  | { type: 'USER_POINT'; user_point_id: string; creation_ts: number }
  | { type: 'USER_ACCOUNT'; user_account_id: string; compartment_id: string; creation_ts: number }
  | { type: 'USER_EMAIL'; hash: string; creation_ts: number }
  | { type: 'USER_AGENT'; vector_id: string; creation_ts: number };
/** Where the files of a document import are pulled from. */
export type ApiSource = Static<typeof SourceView>;
export type ApiSourceFile = Static<typeof SourceFileView>;
export type ApiSourceTest = Static<typeof SourceTestView>;
export type ApiErasure = Static<typeof ErasureView>;
/** A line that failed, as `…/executions/{id}/errors` lists it. */
export type ApiFailedLine = Static<typeof FailedLineView>;
/** What is odd about a file and fails no line; `line` null: the file as a whole. */
export type ApiWarning = Static<typeof WarningView>;
/** A name that lines give and that no segment has. */
export type ApiUnknownSegment = Static<typeof UnknownSegmentView>;
/** What an execution did; which members there are depends on its status and kind. */
export type ApiResult = NonNullable<ApiExecution['result']>;
export type ApiSegmentEffect = NonNullable<ApiResult['segments']>[number];
export type ApiExecution = Static<typeof ExecutionView>;

export function hasEnded(execution: ApiExecution): boolean {
  return execution.status !== 'PENDING' && execution.status !== 'RUNNING';
}
