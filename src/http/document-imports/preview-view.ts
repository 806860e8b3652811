import { type Static, type TArray, type TObject, Type } from 'typebox';
import { compileMapping, fieldOfMember, foldName } from '../../import/mapping/compile-mapping.ts';
import type { Catalogue } from '../../model/catalogue.ts';
import type { Command, Rejection } from '../../model/command.ts';
import { countWarnings, examplesOf, WARNING_CODES, warningMessage } from '../../model/warning.ts';
import type { FilePreview } from '../../preview/preview-file.ts';
import { Count, Id, nullableInteger, nullableText } from '../schemas.ts';
import { MappingView } from './mapping.ts';

/** What the service would do with the first lines of a file, as the API shows it. */

function orNull<T extends TObject | TArray>(schema: T, description: string) {
  return Type.Unsafe<Static<T> | null>({ ...schema, type: [schema.type, 'null'], description });
}

const PreviewedColumn = Type.Object({
  name: Type.String({ description: 'for nested members of NDJSON, a dotted path' }),
  field: nullableText({ description: 'the field that the column feeds; null: it is not read' }),
  reason: Type.Optional(Type.String({ description: 'for a suggested mapping: the reason' })),
});

const PreviewedCommand = Type.Object({
  operation: Type.String({ enum: ['UPDATE', 'DELETE'] }),
  user_account_id: Type.Optional(Type.String()),
  compartment_id: Type.Optional(Id),
  email_hash: Type.Optional(Type.String()),
  user_agent_id: Type.Optional(Type.String()),
  segments: Type.Array(
    Type.Object({
      segment_id: Id,
      segment_technical_name: nullableText(),
      expiration_ts: nullableInteger({ description: 'as if the file were imported now; null: never' }),
    }),
  ),
  data_bag: nullableText(),
});

const PreviewedWarning = Type.Object({
  line: nullableInteger({ description: 'null: the file as a whole' }),
  code: Type.String({ enum: [...WARNING_CODES] }),
  message: Type.String(),
  field: nullableText(),
});

const PreviewedLine = Type.Object({
  line: Count,
  values: orNull(
    Type.Array(Type.Unsafe<unknown>({})),
    'what the line has in each of columns, as it came; null where it cannot be told',
  ),
  command: orNull(PreviewedCommand, 'what the line is understood to be; null: it fails'),
  error_code: nullableText(),
  error_message: nullableText(),
});

export const PreviewView = Type.Object({
  refusal: orNull(
    Type.Object({ error_code: Type.String(), error: Type.String() }),
    'with what an upload of such a file would be refused as a whole; null: it would be taken',
  ),
  separator: nullableText({ description: 'of a CSV' }),
  columns: Type.Array(PreviewedColumn),
  lines: Type.Array(PreviewedLine),
  failures_by_code: Type.Record(Type.String(), Count),
  warnings: Type.Record(Type.String(), Count),
  warning_lines: Type.Array(PreviewedWarning),
  mapping: orNull(
    MappingView,
    'by which the lines are read: the one of the request, or the suggested one; null: none',
  ),
  suggestion: orNull(
    Type.Object({
      missing: Type.Array(Type.Object({ what: Type.String(), message: Type.String() }), {
        description: 'what each command needs and no column says, with what to do about it',
      }),
      notes: Type.Array(Type.String()),
    }),
    'where the request has no mapping: what is to be known of the suggested one beside its reasons',
  ),
});

export function viewPreview(
  { rows, read, mapping, suggestion }: FilePreview,
  catalogue: Catalogue,
): Static<typeof PreviewView> {
  const nameOf = technicalNames(catalogue);
  const rowByLine = new Map(rows.lines.map((line, row) => [line, row]));
  const failures: Record<string, number> = {};
  const lines = read.records.map(({ line, outcome }) => {
    const row = rowByLine.get(line);
    const values = row === undefined ? null : rows.columns.map((column) => column.values[row] ?? null);
    if (!isRejection(outcome))
      return { line, values, command: viewCommand(outcome, nameOf), error_code: null, error_message: null };
    failures[outcome.code] = (failures[outcome.code] ?? 0) + 1;
    return { line, values, command: null, error_code: outcome.code, error_message: outcome.message };
  });
  return {
    refusal: read.refusal === null ? null : { error_code: read.refusal.code, error: read.refusal.message },
    separator: read.header?.delimiter ?? rows.delimiter,
    columns: viewColumns({ rows, read, suggestion, mapping }),
    lines,
    failures_by_code: failures,
    warnings: countWarnings(read.warnings),
    warning_lines: examplesOf(read.warnings).map((warned) => ({
      ...{ line: warned.line, code: warned.code, field: warned.field },
      message: warningMessage(warned.code, warned),
    })),
    mapping,
    suggestion:
      suggestion === null ? null : { missing: [...suggestion.missing], notes: [...suggestion.notes] },
  };
}

function isRejection(outcome: Command | Rejection): outcome is Rejection {
  return 'code' in outcome;
}

function viewColumns({ rows, read, suggestion, mapping }: FilePreview): Static<typeof PreviewedColumn>[] {
  if (suggestion !== null)
    return suggestion.columns.map(({ name, field, reason }) => ({ name, field, reason }));
  const { header } = read;
  const compiled = mapping === null ? null : compileMapping(mapping);
  return rows.columns.map(({ name }) => {
    if (rows.names === 'EXACT') return { name, field: fieldOfMember(name, compiled) };
    // a header that is refused feeds nothing
    return { name, field: header?.fields[header.columns.indexOf(foldName(name))] || null };
  });
}

function viewCommand(
  { operation, identifier: { kind, value, compartmentId }, targets, dataBag }: Command,
  nameOf: (segmentId: string) => string | null,
): Static<typeof PreviewedCommand> {
  const user =
    kind === 'USER_ACCOUNT'
      ? { user_account_id: value, compartment_id: compartmentId }
      : kind === 'USER_EMAIL'
        ? { email_hash: value }
        : { user_agent_id: value };
  return {
    operation,
    ...user,
    segments: targets.map(({ segmentId, expiresAt }) => ({
      segment_id: segmentId,
      segment_technical_name: nameOf(segmentId),
      expiration_ts: expiresAt,
    })),
    data_bag: dataBag,
  };
}

function technicalNames({ segmentByTechnicalName }: Catalogue): (segmentId: string) => string | null {
  const names = new Map([...segmentByTechnicalName].map(([name, { id }]) => [id, name]));
  return (segmentId) => names.get(segmentId) ?? null;
}
