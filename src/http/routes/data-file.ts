import { access } from 'node:fs/promises';
import path from 'node:path';
import { Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import type { Execution } from '../../model/execution.ts';
import { authorOf, maySee, tokenOf } from '../access.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { hasErrorFile } from '../execution-view.ts';
import { errorFileName, type FileReference, parseFileUri } from '../file-uri.ts';
import { ErrorAnswer } from '../schemas.ts';
import type { App } from '../types.ts';

const Query = Type.Object({
  uri: Type.String({ description: '`input_file_uri` or `error_file_uri` of an execution' }),
});
/** Named as what it is; neither guessed nor kept by caches, since it holds personal data. */
const SEND = { contentType: false, cacheControl: false, index: false as const };

/** The bytes of input and error files, with ranges. */
export function dataFileRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, documents } = dependencies;
  const schema = {
    tags: ['files'],
    summary: 'Downloads an input or error file',
    produces: ['application/octet-stream'],
    querystring: Query,
    response: { '4xx': ErrorAnswer, '5xx': ErrorAnswer },
  };
  app.get('/data_file/data', { config: { role: 'reader' }, schema }, async (request, reply) => {
    const reference = parseFileUri(request.query.uri);
    if (reference === null || !maySee(tokenOf(request), reference.datamartId)) throw notFound();
    const execution = await store.executions.get(reference.executionId);
    if (execution === null || !isNamedBy(execution, reference)) throw notFound();
    const { folder, fileName } = execution.document;
    if (execution.filesRemovedDate !== null) {
      throw new ServiceError('FILE_REMOVED', 'the file was removed when its time of retention had passed');
    }
    if (reference.file === 'errors' && !hasErrorFile(execution)) throw notFound();
    const name = reference.file === 'input' ? fileName : errorFileName(fileName);
    const file = documents.path(folder, reference.file);
    await access(file).catch((error) => {
      throw new ServiceError('FILE_REMOVED', 'the file is not there any more', { cause: error });
    });
    // HEAD tells the length and gives no bytes
    if (request.method === 'GET') {
      await store.auditLog.note(authorOf(request, dependencies), {
        action: 'DOWNLOAD',
        resourceType: 'execution',
        resourceId: execution.id,
        datamartId: execution.datamartId,
        details: { file: reference.file },
      });
    }
    reply.type('application/octet-stream');
    // `root` is an option of `download` that its types leave out; it is never decoded, as a path would be.
    return reply.download(path.basename(file), name, { ...SEND, root: path.dirname(file) } as typeof SEND);
  });
}

function isNamedBy(execution: Execution, reference: FileReference): boolean {
  return (
    execution.datamartId === reference.datamartId && execution.organisationId === reference.organisationId
  );
}
