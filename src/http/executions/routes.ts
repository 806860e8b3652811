import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { findDocumentImport } from '../access.ts';
import type { App, HttpDependencies } from '../types.ts';
import { executionRoutesOf, uploadRoute } from './routes-of.ts';

const Params = Type.Object({ datamartId: Type.String(), importId: Type.String() });
const place = {
  path: '/datamarts/:datamartId/document_imports/:importId/executions',
  params: Params,
  tags: ['executions'],
};

/** `POST …/executions`: a file of user segment commands. */
export function executionUploadRoute(app: App, dependencies: HttpDependencies): void {
  const texts = {
    summary: 'Uploads a file of user segment commands',
    description:
      'The body is the file, with the Content-Type of the import and optionally `Content-Encoding: gzip` or `zstd`; or a form with a part named `file`.',
  };
  const findTarget = async (request: FastifyRequest) => {
    const { datamart, documentImport } = await find(request, dependencies);
    const { id, mimeType, priority, mapping } = documentImport;
    const job = { type: 'DOCUMENT_IMPORT', documentImportId: id } as const;
    return { datamart, job, mimeType, priority, profile: 'COMMANDS', mapping } as const;
  };
  uploadRoute(app, dependencies, { place, texts, findTarget });
}

/** Uploaded files and how far they are. */
export function executionRoutes(app: App, dependencies: HttpDependencies): void {
  const summaries = {
    list: 'Lists executions, newest first',
    get: 'Shows an execution',
    action: 'Cancels an execution, or reverts what one has done',
  };
  const findOwner = async (request: FastifyRequest) => {
    const { datamart, documentImport } = await find(request, dependencies);
    const documentImportId = documentImport.id;
    const filter = { datamartId: datamart.id, documentImportId };
    return { job: { type: 'DOCUMENT_IMPORT', documentImportId } as const, filter };
  };
  executionRoutesOf(app, dependencies, { place, summaries, findOwner });
}

function find(request: FastifyRequest, dependencies: HttpDependencies) {
  return findDocumentImport({ request, dependencies }, request.params as Static<typeof Params>);
}
