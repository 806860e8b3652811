import { type Static, Type } from 'typebox';
import { CHANGE_KINDS, type ExecutionChanges, type MembershipChange } from '../../model/change.ts';
import type { Execution } from '../../model/execution.ts';
import type { MembershipOrigin } from '../../model/membership-origin.ts';
import { fileUri } from '../data-files/uri.ts';
import { Count, Id, Instant, nullableInteger, nullableText, oneOf } from '../schemas.ts';

export const KnownSince = Type.Integer({
  description: 'changes before this instant are no longer known; ms since the epoch',
});

/** Where a change came from; what is not known any more is null. */
const Source = {
  execution_id: nullableText({
    description: 'null: no execution did it; the membership expired, or a CALL changed it',
  }),
  document_import_id: nullableText({
    description: 'null for a user list import, and if the import was deleted',
  }),
  input_file_name: nullableText({ description: 'null for a revert, which has no file' }),
  input_file_uri: Type.Optional(
    Type.String({ description: 'absent if there is no file, or it is no longer stored' }),
  ),
  reverts_execution_id: nullableText({ description: 'the execution that this one reverts' }),
  reverted_by_execution_id: nullableText(),
};

type ViewedSource = Static<ReturnType<typeof Type.Object<typeof Source>>>;

function viewSource(executionId: string | null, execution: Execution | null): ViewedSource {
  const job = execution?.job;
  const hasFile = execution !== null && execution.reverts === null;
  return {
    execution_id: executionId,
    document_import_id: job?.type === 'DOCUMENT_IMPORT' ? job.documentImportId : null,
    input_file_name: hasFile ? execution.document.fileName : null,
    ...(hasFile && execution.filesRemovedDate === null
      ? { input_file_uri: fileUri(execution, 'input') }
      : {}),
    reverts_execution_id: execution?.reverts ?? null,
    reverted_by_execution_id: execution?.revertedBy ?? null,
  };
}

/** An execution that changed memberships of a segment, with what it did to them. */
export const ExecutionChangesView = Type.Object({
  ...Source,
  date: Type.Integer({ description: 'start of the execution, ms since the epoch' }),
  entries: Count,
  updates: Count,
  exits: Count,
});

export function viewExecutionChanges(of: ExecutionChanges): Static<typeof ExecutionChangesView> {
  const { executionId, execution, date, entries, updates, exits } = of;
  return { ...viewSource(executionId, execution), date, entries, updates, exits };
}

const CAUSES = ['COMMAND', 'CALL', 'REPLACE', 'REVERT', 'EXPIRY'] as const;
const Before = Type.Object({
  creation_ts: Instant,
  last_modified_ts: Instant,
  expiration_ts: nullableInteger(),
  data_bag: nullableText({ description: 'JSON text of an object' }),
});

/** A change of a membership of one user. */
export const ChangeView = Type.Object({
  segment_id: Id,
  segment_name: Type.String(),
  segment_technical_name: nullableText(),
  change: oneOf(CHANGE_KINDS),
  date: Type.Integer({
    description:
      'when the execution started, when the CALL was applied, or when the membership EXPIRED; ms since the epoch',
  }),
  cause: Type.Unsafe<(typeof CAUSES)[number] | null>({
    type: ['string', 'null'],
    enum: [...CAUSES, null],
    description:
      'COMMAND: a line of the file. CALL: a command at once, without a file. REPLACE: the file replaced the segment and did not contain the user. Null: unknown, because the execution was deleted; it was a replacement or a revert',
  }),
  ...Source,
  line: nullableInteger({
    description:
      'the line of the file that decided, or the position of the command in its CALL, starting at 1; null: none',
  }),
  before: Type.Unsafe<Static<typeof Before> | null>({
    ...Before,
    type: ['object', 'null'],
    description: 'the membership before the change; null for ENTERED',
  }),
});

export function viewChange(of: MembershipChange): Static<typeof ChangeView> {
  const { before } = of;
  return {
    segment_id: of.segmentId,
    segment_name: of.segmentName,
    segment_technical_name: of.segmentTechnicalName,
    change: of.kind,
    date: of.date,
    cause: causeOf(of),
    ...viewSource(of.executionId, of.execution),
    line: of.line,
    before: before && {
      creation_ts: before.creationTs,
      last_modified_ts: before.lastModifiedTs,
      expiration_ts: before.expirationTs,
      data_bag: before.dataBag,
    },
  };
}

/** Where a live membership of a user comes from. */
export const OriginView = Type.Object({
  segment_id: Id,
  segment_name: Type.String(),
  segment_technical_name: nullableText(),
  creation_ts: Instant,
  entered_by: nullableChange('the line that put the user in; null when it is not remembered'),
  restored_by: nullableChange(
    'the revert that put them back, where they had been taken out or had expired since then',
  ),
  updated_by: nullableChange(
    'the last change since: a line, or a revert that gave back an earlier expiry or data bag',
  ),
});

function nullableChange(description: string) {
  return Type.Unsafe<Static<typeof ChangeView> | null>({
    ...ChangeView,
    type: ['object', 'null'],
    description,
  });
}

export function viewOrigin(of: MembershipOrigin): Static<typeof OriginView> {
  return {
    segment_id: of.segmentId,
    segment_name: of.segmentName,
    segment_technical_name: of.segmentTechnicalName,
    creation_ts: of.creationTs,
    entered_by: of.enteredBy && viewChange(of.enteredBy),
    restored_by: of.restoredBy && viewChange(of.restoredBy),
    updated_by: of.updatedBy && viewChange(of.updatedBy),
  };
}

function causeOf(of: MembershipChange): (typeof CAUSES)[number] | null {
  const { kind, line, executionId, execution } = of;
  if (kind === 'EXPIRED') return 'EXPIRY';
  if (executionId === null) return 'CALL';
  if (line !== null) return 'COMMAND';
  // only a revert puts anybody in, or changes what they have, without a line
  if (kind !== 'LEFT') return 'REVERT';
  if (execution === null) return null;
  return execution.reverts === null ? 'REPLACE' : 'REVERT';
}
