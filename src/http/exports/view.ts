import { type Static, Type } from 'typebox';
import { ServiceError } from '../../errors.ts';
import { EXPORT_MIME_TYPES, type Export, type ExportedKind } from '../../model/export.ts';
import { JOB_MEMBERS, JobError, viewFailure, viewJob } from '../answers.ts';
import { exportUri } from '../data-files/uri.ts';
import { Count, Id, isId, nullableInteger, oneOf } from '../schemas.ts';

export const IDENTIFIER_TYPES = ['USER_ACCOUNT', 'USER_EMAIL', 'USER_AGENT'] as const;

const Identifier = Type.Object({ type: oneOf(IDENTIFIER_TYPES), compartment_id: Type.Optional(Id) });
const Result = Type.Object({
  total_user_points_in_segment: Count,
  total_user_points_with_identifiers: Count,
  total_exported_user_points: Count,
  total_exported_identifiers: Count,
  export_file_uri: Type.Optional(Type.String({ description: 'absent if the file is no longer stored' })),
});

/**
 * An export, in the members of the original's `AUDIENCE_SEGMENT_EXPORT` executions;
 * `export_user_identifiers` is ours.
 */
export const ExportView = Type.Object({
  ...JOB_MEMBERS,
  num_tasks: nullableInteger(),
  completed_tasks: nullableInteger(),
  erroneous_tasks: Count,
  external_model_name: Type.Literal('PUBLIC_AUDIENCE_SEGMENT'),
  job_type: Type.Literal('AUDIENCE_SEGMENT_EXPORT'),
  parameters: Type.Object({
    datamart_id: Id,
    audience_segment_id: Id,
    export_user_identifier: Type.Optional(Identifier),
    export_user_identifiers: Type.Array(Identifier),
    mime_type: oneOf(EXPORT_MIME_TYPES),
  }),
  result: Type.Unsafe<Static<typeof Result> | null>({ ...Result, type: ['object', 'null'] }),
  error: JobError,
});

export function viewExport(of: Export): Static<typeof ExportView> {
  const identifiers = of.kinds.map(viewKind);
  const [first] = identifiers;
  const lines = of.counts?.identifiers ?? null;
  return {
    ...viewJob(of),
    num_tasks: lines,
    completed_tasks: of.status === 'PENDING' ? null : (lines ?? 0),
    erroneous_tasks: 0,
    external_model_name: 'PUBLIC_AUDIENCE_SEGMENT',
    job_type: 'AUDIENCE_SEGMENT_EXPORT',
    parameters: {
      datamart_id: of.datamartId,
      audience_segment_id: of.segmentId,
      ...(first === undefined ? {} : { export_user_identifier: first }),
      export_user_identifiers: identifiers,
      mime_type: of.mimeType,
    },
    result: resultOf(of),
    error: viewFailure(of),
  };
}

function resultOf(of: Export): Static<typeof Result> | null {
  if (of.counts === null) return null;
  const { members, membersWithIdentifiers, identifiers } = of.counts;
  return {
    total_user_points_in_segment: members,
    total_user_points_with_identifiers: membersWithIdentifiers,
    total_exported_user_points: membersWithIdentifiers,
    total_exported_identifiers: identifiers,
    ...(of.folder === null ? {} : { export_file_uri: exportUri(of) }),
  };
}

function viewKind({ kind, compartmentId }: ExportedKind): Static<typeof Identifier> {
  return { type: kind, ...(compartmentId === null ? {} : { compartment_id: compartmentId }) };
}

/**
 * The kinds of identifiers that were asked for, all of them when none were. Throws INVALID_REQUEST.
 */
export function readKinds(
  asked: readonly { readonly type: string; readonly compartment_id?: string }[],
): readonly ExportedKind[] {
  if (asked.length === 0) return IDENTIFIER_TYPES.map((kind) => ({ kind, compartmentId: null }));
  return asked.map(({ type, compartment_id: compartment }) => {
    const kind = IDENTIFIER_TYPES.find((candidate) => candidate === type);
    if (kind === undefined) {
      throw invalid(
        `an identifier must be of ${IDENTIFIER_TYPES.join(', ')}, got ${JSON.stringify(type.slice(0, 60))}`,
      );
    }
    if (kind !== 'USER_ACCOUNT' || compartment === undefined) return { kind, compartmentId: null };
    if (!isId(compartment))
      throw invalid(`compartment_id must be an id, got ${JSON.stringify(compartment.slice(0, 60))}`);
    return { kind, compartmentId: compartment };
  });
}

function invalid(message: string): ServiceError {
  return new ServiceError('INVALID_REQUEST', message);
}
