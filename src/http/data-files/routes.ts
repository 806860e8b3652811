import { create } from 'content-disposition';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { withOmissionNote } from '../../content/full-error-file.ts';
import { type Part, wholeFile } from '../../documents/documents.ts';
import { notFound, ServiceError } from '../../errors.ts';
import type { Change } from '../../model/audit.ts';
import { type Execution, errorPartsOf } from '../../model/execution.ts';
import type { MimeType } from '../../model/records.ts';
import { authorOf, maySee, tokenOf } from '../access.ts';
import { hasErrorFile } from '../executions/view.ts';
import { ErrorAnswer } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { sendFile } from './send-file.ts';
import {
  type ExportReference,
  errorFileName,
  exportFileName,
  type FileReference,
  inputFileName,
  type OverlapsReference,
  parseExportUri,
  parseFileUri,
  parseOverlapsUri,
} from './uri.ts';

const Query = Type.Object({
  uri: Type.String({
    description:
      '`input_file_uri` or `error_file_uri` of an execution, `export_file_uri` of an export, `data_file_uri` of an overlap analysis',
  }),
});

/**
 * The bytes of input, error and export files, with ranges; and of overlap analyses, which are
 * short.
 */
export function dataFileRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, documents } = dependencies;
  const schema = {
    tags: ['files'],
    summary: 'Downloads an input file, error file, export or overlap analysis',
    produces: ['application/octet-stream'],
    querystring: Query,
    response: { '4xx': ErrorAnswer, '5xx': ErrorAnswer },
  };

  async function find(request: FastifyRequest, uri: string): Promise<Found> {
    const reference = parseFileUri(uri) ?? parseExportUri(uri) ?? parseOverlapsUri(uri);
    if (reference === null || !maySee(tokenOf(request), reference.datamartId)) throw notFound();
    if ('analysisId' in reference) return findOverlaps(reference);
    return 'exportId' in reference ? findExport(reference) : findFile(reference);
  }

  async function findFile(reference: FileReference): Promise<Found> {
    const execution = await store.executions.get(reference.executionId);
    if (execution === null || !isNamedBy(execution, reference)) throw notFound();
    const { folder } = execution.document;
    const name = inputFileName(execution);
    if (execution.filesRemovedDate !== null) throw removed();
    if (reference.file === 'errors' && !hasErrorFile(execution)) throw notFound();
    const { id: resourceId, datamartId } = execution;
    return {
      folder,
      ...(reference.file === 'input' ? { parts: wholeFile('input') } : errorFileOf(execution)),
      name: reference.file === 'input' ? name : errorFileName(name),
      change: { resourceType: 'execution', resourceId, datamartId, details: { file: reference.file } },
    };
  }

  async function findExport(reference: ExportReference): Promise<Found> {
    const made = await store.exports.get(reference.exportId);
    if (made === null || !isNamedBy(made, reference) || made.status !== 'SUCCEEDED') throw notFound();
    if (made.folder === null) throw removed();
    const { id: resourceId, datamartId } = made;
    return {
      folder: made.folder,
      parts: wholeFile('export'),
      name: exportFileName(made),
      change: { resourceType: 'segment_export', resourceId, datamartId },
    };
  }

  async function findOverlaps(reference: OverlapsReference): Promise<Found> {
    const made = await store.overlapAnalyses.get(reference.analysisId);
    if (made === null || !isNamedBy(made, reference) || made.result === null) throw notFound();
    const { id: resourceId, datamartId, segmentId } = made;
    return {
      text: made.result,
      name: `overlaps-${segmentId}.json`,
      change: { resourceType: 'overlap_analysis', resourceId, datamartId },
    };
  }

  app.get('/data_file/data', { config: { role: 'reader' }, schema }, async (request, reply) => {
    const found = await find(request, request.query.uri);
    const { name, change } = found;
    const file = 'text' in found ? null : await open(found);
    try {
      // HEAD tells the length and gives no bytes
      if (request.method === 'GET')
        await store.auditLog.note(authorOf(request, dependencies), { action: 'DOWNLOAD', ...change });
    } catch (error) {
      await file?.close();
      throw error;
    }
    if (file !== null) return sendFile({ file, name }, request, reply);
    reply.type('application/octet-stream').header('Content-Disposition', create(name));
    return reply.send(('text' in found ? found.text : '') as never);
  });

  async function open({ folder, parts, full }: Kept) {
    const file = await documents.open(folder, parts);
    if (file === null) throw new ServiceError('FILE_REMOVED', 'the file is not there any more');
    return full === undefined ? file : withOmissionNote(file, full);
  }
}

function errorFileOf({ checkpoint, mimeType }: Execution): Pick<Kept, 'parts' | 'full'> {
  const { errorLinesOmitted: omitted } = checkpoint;
  return { parts: errorPartsOf(checkpoint), ...(omitted > 0 ? { full: { omitted, mimeType } } : {}) };
}

type Kept = {
  readonly folder: string;
  readonly parts: readonly Part[];
  /** Of an error file that lines were left out of. */
  readonly full?: { readonly omitted: number; readonly mimeType: MimeType };
};

/** A kept file, or the text of one that is in the store. */
type Found = (Kept | { readonly text: string }) & {
  /** Under which it is downloaded. */
  readonly name: string;
  /** For the audit log. */
  readonly change: Omit<Change, 'action'>;
};

type Owner = { readonly datamartId: string; readonly organisationId: string };

function isNamedBy(made: Owner, reference: Owner): boolean {
  return made.datamartId === reference.datamartId && made.organisationId === reference.organisationId;
}

function removed(): ServiceError {
  return new ServiceError('FILE_REMOVED', 'the file was removed when its time of retention had passed');
}
