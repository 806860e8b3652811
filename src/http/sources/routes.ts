import { type Static, Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import type { MimeType } from '../../model/records.ts';
import { SOURCE_FILE_STATUSES, type Source } from '../../model/source.ts';
import { pullSettings } from '../../sources/pull-settings.ts';
import { connectTo, lastFileOf } from '../../sources/pull-source.ts';
import { reportFiles } from '../../sources/report-files.ts';
import { reasonOfFault, SourceError } from '../../sources/source-error.ts';
import type { Store } from '../../store/store.ts';
import { authorOf, findDatamart, findDocumentImport } from '../access.ts';
import { listOf, ok, okList, pageOf } from '../answers.ts';
import { answersWith, answersWithList, DatamartParams, Paging, PagingQuery } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { findSource, readSettings, readSource } from './calls.ts';
import { SourceBody } from './input.ts';
import {
  SourceFileView,
  SourceTestView,
  SourceView,
  viewReportedFile,
  viewSource,
  viewSourceFile,
} from './view.ts';

const Params = Type.Object({ datamartId: Type.String(), importId: Type.String() });
const RunBody = Type.Object({
  dry_run: Type.Optional(
    Type.Boolean({
      description:
        'true: import files as dry runs; a later run imports them, and nothing is moved or deleted',
    }),
  ),
});
const FilesQuery = Type.Object({
  ...Paging,
  status: Type.Optional(
    Type.String({ description: `one or several of ${SOURCE_FILE_STATUSES.join(', ')}, comma-separated` }),
  ),
});

const tags = ['sources'];
const PATH = '/datamarts/:datamartId/document_imports/:importId/source';
/** Tests at the same time: each holds a connection to a server that may not answer. */
const MAX_TESTS = 8;
const TEST_MS = 30_000;

/**
 * Where the files of a document import are pulled from. Look-ups need an editor: a URL may itself
 * be a secret.
 */
export function sourceRoutes(app: App, dependencies: HttpDependencies): void {
  settingsRoutes(app, dependencies);
  testRoute(app, dependencies);
  runRoutes(app, dependencies);
}

const config = { role: 'editor' } as const;

/** What a source is. */
function settingsRoutes(app: App, dependencies: HttpDependencies): void {
  const { store } = dependencies;

  const listSchema = {
    tags,
    summary: 'Lists the sources of document imports, newest imports first',
    params: DatamartParams,
    querystring: PagingQuery,
    response: answersWithList(SourceView),
  };
  app.get('/datamarts/:datamartId/sources', { config, schema: listSchema }, async (request) => {
    const datamart = await findDatamart({ request, dependencies }, request.params.datamartId);
    const page = pageOf(request.query);
    return okList(await store.sources.list({ datamartId: datamart.id, page }), page, viewSource);
  });

  const getSchema = {
    tags,
    summary: 'Shows the source of a document import, without its credentials',
    params: Params,
    response: answersWith(SourceView),
  };
  app.get(PATH, { config, schema: getSchema }, async (request) =>
    ok(viewSource((await findSource({ request, dependencies }, request.params)).source)),
  );

  const putSchema = {
    ...getSchema,
    summary: 'Creates or replaces the source of a document import; the record of its files stays',
    body: SourceBody,
  };
  app.put(PATH, { config, schema: putSchema }, async (request) => {
    const looking = { request, dependencies };
    const owner = await findDocumentImport(looking, request.params);
    const before = await store.sources.get(owner.documentImport.id);
    const input = request.body;
    const asked = { input, settings: await readSettings(looking, input, owner), before, owner };
    const put = await store.sources.put(readSource(looking, asked), authorOf(request, dependencies));
    if (put === null) throw notFound();
    return ok(viewSource(put));
  });

  const deleteSchema = {
    ...getSchema,
    summary: 'Deletes the source of a document import and the record of its files; executions stay',
  };
  app.delete(PATH, { config, schema: deleteSchema }, async (request) => {
    const { source } = await findSource({ request, dependencies }, request.params);
    const removed = await store.sources.remove(source.documentImportId, authorOf(request, dependencies));
    if (removed === null) throw notFound();
    return ok(viewSource(removed));
  });
}

/** Whether a source can be reached, and what is there. */
function testRoute(app: App, dependencies: HttpDependencies): void {
  const { store } = dependencies;
  let tests = 0;

  const testSchema = {
    tags,
    summary:
      'Connects to the source and tells for the first 20 files whether they would be imported; imports nothing',
    params: Params,
    response: answersWith(SourceTestView),
  };
  app.post(`${PATH}/test`, { config, schema: testSchema }, async (request) => {
    const { source, documentImport } = await findSource({ request, dependencies }, request.params);
    if (tests >= MAX_TESTS)
      throw new ServiceError(
        'OVERLOADED',
        `at most ${MAX_TESTS} sources are tested at the same time: try again soon`,
      );
    tests++;
    try {
      const { documentImportId: resourceId, datamartId } = source;
      const change = { action: 'TEST', resourceType: 'source', resourceId, datamartId } as const;
      await store.auditLog.note(authorOf(request, dependencies), change);
      const files = await testSource(source, documentImport.mimeType, dependencies);
      return ok({
        connected: true,
        error: null,
        ...(await hostKeyOf(source, store)),
        files: files.map(viewReportedFile),
      });
    } catch (fault) {
      if (!(fault instanceof SourceError) && (fault as Error).name !== 'TimeoutError') throw fault;
      return ok({
        connected: false,
        error: reasonOfFault(fault),
        ...(await hostKeyOf(source, store)),
        files: [],
      });
    } finally {
      tests--;
    }
  });
}

/** Connects to a source and reports its files, as if it were pulled. */
async function testSource(source: Source, mimeType: MimeType, { store, clock, config }: HttpDependencies) {
  const signal = AbortSignal.timeout(TEST_MS);
  const settings = pullSettings(config);
  const open = await connectTo(source, { store, clock, signal, settings });
  try {
    return await reportFiles(open, {
      ...{ settings: source.settings, mimeType, retriesRefused: false, settleMs: settings.settleMs },
      lastFile: (name) => lastFileOf(store, source.documentImportId, name),
    });
  } finally {
    await open.close();
  }
}

/** The host key that a source is known by, as a member of an answer; nothing where it has none. */
async function hostKeyOf(
  { documentImportId, settings: { location } }: Source,
  { sources }: Pick<Store, 'sources'>,
) {
  if (location.kind !== 'SFTP') return {};
  const now = await sources.get(documentImportId);
  return { host_key: location.hostKey ?? now?.knownHostKey ?? null };
}

/** Runs of a source, and what became of its files. */
function runRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, clock, config: settings } = dependencies;
  const runSchema = {
    tags,
    summary: 'Requests a run of the source, which starts as soon as possible; refused files are retried',
    params: Params,
    body: Type.Unsafe<Static<typeof RunBody> | null>({ ...RunBody, type: ['object', 'null'] }),
    response: answersWith(SourceView),
  };
  app.post(`${PATH}/run`, { config, schema: runSchema }, async (request) => {
    const { source } = await findSource({ request, dependencies }, request.params);
    if (settings.pauseSources)
      throw new ServiceError('CONFLICT', 'this service leaves its sources alone (pauseSources)');
    const author = authorOf(request, dependencies);
    const asked = { dryRun: request.body?.dry_run ?? false, now: clock(), author };
    const requested = await store.sources.request(source.documentImportId, asked);
    if (requested === null) throw notFound();
    return ok(viewSource(requested));
  });

  const filesSchema = {
    tags,
    summary: 'Lists the files that the pattern of the source matches, with their outcomes, newest first',
    params: Params,
    querystring: FilesQuery,
    response: answersWithList(SourceFileView),
  };
  app.get(`${PATH}/files`, { config, schema: filesSchema }, async (request) => {
    const { source } = await findSource({ request, dependencies }, request.params);
    const page = pageOf(request.query);
    const statuses = readFileStatuses(request.query.status);
    const of = { documentImportId: source.documentImportId, page };
    const listed = await store.sources.listFiles(statuses === undefined ? of : { ...of, statuses });
    return okList(listed, page, viewSourceFile);
  });
}

function readFileStatuses(joined: string | undefined) {
  return listOf(joined)?.map((name) => {
    const status = SOURCE_FILE_STATUSES.find((candidate) => candidate === name);
    if (status !== undefined) return status;
    throw new ServiceError('INVALID_REQUEST', `status must be of ${SOURCE_FILE_STATUSES.join(', ')}`);
  });
}
