import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { MAX_RAW_CHARS, readFailedLines } from '../../content/failed-lines.ts';
import type { KeptFile } from '../../documents/documents.ts';
import { ServiceError } from '../../errors.ts';
import { REJECTION_CODES } from '../../model/command.ts';
import { type Execution, errorPartsOf } from '../../model/execution.ts';
import { examplesOf, MAX_WARNED_LINES, WARNING_CODES, warningMessage } from '../../model/warning.ts';
import { pageOf, pageOfAll } from '../answers.ts';
import { answersWithList, nullableInteger, nullableText, oneOf, Paging, PagingQuery } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import type { Place } from './calls.ts';

/** Throws FILE_REMOVED for an execution whose files are not kept any more. */
export function requireFiles({ filesRemovedDate }: Execution): void {
  if (filesRemovedDate === null) return;
  throw new ServiceError('FILE_REMOVED', 'the error file was removed when its time of retention had passed');
}

/** Opens the error file of an execution that has one for as long as `read` takes. */
export async function withErrorFile<T>(
  { documents }: Pick<HttpDependencies, 'documents'>,
  { document, checkpoint }: Execution,
  read: (file: KeptFile) => Promise<T>,
): Promise<T> {
  const file = await documents.open(document.folder, errorPartsOf(checkpoint));
  if (file === null) throw new ServiceError('FILE_REMOVED', 'the error file is not there any more');
  try {
    return await read(file);
  } finally {
    await file.close();
  }
}

/** How many failed lines can be listed; the error file has the others. */
const MAX_FAILED_LINES = 100;

/** As its error file has it, by the same names. */
export const FailedLineView = Type.Object({
  error_line: Type.Integer({ minimum: 1, description: 'first physical line of the record' }),
  error_code: Type.String({ examples: ['UNKNOWN_SEGMENT'] }),
  error_message: Type.String(),
  raw: Type.String({
    description: `the record as the error file shows it, addresses masked; cut after ${MAX_RAW_CHARS} characters, with a … at its end`,
  }),
});

const FailedLinesQuery = Type.Object({
  ...Paging,
  error_code: Type.Optional(oneOf(REJECTION_CODES)),
});

export const WarningView = Type.Object({
  line: nullableInteger({ description: 'null: the file as a whole' }),
  code: oneOf(WARNING_CODES),
  message: Type.String(),
  field: nullableText({ description: 'the member or column concerned' }),
});

/**
 * The first lines of an execution that failed, and those that gave warnings; below the routes of
 * executions.
 */
export function executionLineRoutes(
  app: App,
  dependencies: HttpDependencies,
  {
    place: { path, params, tags },
    find,
  }: { readonly place: Place; readonly find: (request: FastifyRequest) => Promise<Execution> },
): void {
  const config = { role: 'reader' } as const;
  const common = { tags, params };

  const errorsSchema = {
    ...common,
    querystring: FailedLinesQuery,
    summary: `Lists the first ${MAX_FAILED_LINES} failed lines of an execution`,
    description:
      'While the execution runs: those of the chunks applied so far. With `error_code`: the first ones with that code in the whole file. 410 once the files of the execution are removed.',
    response: answersWithList(FailedLineView),
  };
  app.get(`${path}/errors`, { config, schema: errorsSchema }, async (request) => {
    const execution = await find(request);
    const { checkpoint, mimeType } = execution;
    requireFiles(execution);
    const page = pageOf(request.query);
    const { error_code: code } = request.query;
    const failures = code === undefined ? checkpoint.failures : (checkpoint.failuresByCode[code] ?? 0);
    if (checkpoint.errorFileBytes === 0 || failures === 0) return pageOfAll([], page);
    const most = Math.min(failures, MAX_FAILED_LINES);
    return withErrorFile(dependencies, execution, async (file) => {
      const failed = await readFailedLines(file, { mimeType, code, most });
      const views = failed.map((line) => ({
        error_line: line.line,
        error_code: line.code,
        error_message: line.message,
        raw: line.raw,
      }));
      return pageOfAll(views, page);
    });
  });

  const warningsSchema = {
    ...common,
    querystring: PagingQuery,
    summary: `Lists the warnings of an execution, up to ${MAX_WARNED_LINES} lines per code`,
    description: 'Sorted by code, then by line. Warnings do not fail lines; `result.warnings` counts them.',
    response: answersWithList(WarningView),
  };
  app.get(`${path}/warnings`, { config, schema: warningsSchema }, async (request) => {
    const { checkpoint } = await find(request);
    const warnings = examplesOf(checkpoint.warnings).map((warned) => ({
      line: warned.line,
      code: warned.code,
      message: warningMessage(warned.code, warned),
      field: warned.field,
    }));
    return pageOfAll(warnings, pageOf(request.query));
  });
}
