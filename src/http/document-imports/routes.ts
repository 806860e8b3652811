import { type Static, Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import { passFaultPoint } from '../../fault-points.ts';
import { type DocumentImport, MimeTypeName, PriorityName } from '../../model/document-import.ts';
import type { Store } from '../../store/store.ts';
import { authorOf, findDatamart, findDocumentImport } from '../access.ts';
import { ok, okList, pageOf } from '../answers.ts';
import { correctionsOf } from '../executions/calls.ts';
import { ExecutionView, viewExecution } from '../executions/view.ts';
import { answersWith, answersWithList, DatamartParams, Name, Paging } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { ExpectBody, readExpect } from './expectation.ts';
import { MappingBody, readMapping } from './mapping.ts';
import { DocumentImportView, viewDocumentImport } from './view.ts';

const Params = Type.Object({ datamartId: Type.String(), importId: Type.String() });
const ListQuery = Type.Object({
  ...Paging,
  keywords: Type.Optional(Type.String()),
  last_execution: Type.Optional(
    Type.Boolean({ description: 'true: include the newest execution of each import' }),
  ),
});
const NewImport = Type.Object({
  document_type: Type.Optional(Type.String({ default: 'USER_SEGMENT' })),
  mime_type: MimeTypeName,
  encoding: Type.Optional(Type.String({ default: 'utf-8' })),
  name: Name,
  priority: Type.Optional(PriorityName),
  mapping: Type.Optional(MappingBody),
  expect: Type.Optional(ExpectBody),
});
const ImportChange = Type.Partial(NewImport);
const ListedImport = Type.Object({
  ...DocumentImportView.properties,
  last_execution: Type.Optional(
    Type.Unsafe<Static<typeof ExecutionView> | null>({
      ...ExecutionView,
      type: ['object', 'null'],
      description: 'null if there is none; absent unless requested',
    }),
  ),
});

const tags = ['document imports'];
const PATH = '/datamarts/:datamartId/document_imports';

const postSchema = {
  tags,
  summary: 'Creates a document import',
  params: DatamartParams,
  body: NewImport,
  response: answersWith(DocumentImportView),
};
const listSchema = {
  tags,
  summary: 'Lists document imports, newest first',
  params: DatamartParams,
  querystring: ListQuery,
  response: answersWithList(ListedImport),
};
const getSchema = {
  tags,
  summary: 'Shows a document import',
  params: Params,
  response: answersWith(DocumentImportView),
};
const putSchema = {
  tags,
  summary: 'Changes a document import, in part or whole',
  params: Params,
  body: ImportChange,
  response: answersWith(DocumentImportView),
};
const deleteSchema = {
  tags,
  summary: 'Deletes a document import with its executions and files; memberships stay',
  params: Params,
  response: answersWith(DocumentImportView),
};

/** The definitions of what kinds of files there are. */
export function documentImportRoutes(app: App, dependencies: HttpDependencies): void {
  createRoute(app, dependencies);
  listRoute(app, dependencies);
  oneImportRoutes(app, dependencies);
}

/** Imports as they are shown, those that expect files with what is known of these. */
async function viewAll({ documentImports }: Store, imports: readonly DocumentImport[]) {
  const ids = imports.filter(({ expect }) => expect !== null).map(({ id }) => id);
  const expecting = await documentImports.listExpecting({ ids });
  const byId = new Map(expecting.map((each) => [each.documentImport.id, each]));
  return imports.map((each) => viewDocumentImport(each, byId.get(each.id)));
}

async function view(store: Store, documentImport: DocumentImport) {
  const [viewed] = await viewAll(store, [documentImport]);
  return ok(viewed ?? viewDocumentImport(documentImport));
}

function createRoute(app: App, dependencies: HttpDependencies): void {
  const { store, clock } = dependencies;
  const typeFirst = async (request: { readonly body: unknown }) => {
    // before the rest of the body is looked at: the other types have other rules for it
    const { document_type } = (request.body ?? {}) as { document_type?: unknown };
    if (typeof document_type === 'string' && document_type !== '') checkDocumentType(document_type);
  };
  const post = { config: { role: 'editor' as const }, schema: postSchema, preValidation: typeFirst };
  app.post(PATH, post, async (request) => {
    const datamart = await findDatamart({ request, dependencies }, request.params.datamartId);
    const { body } = request;
    const now = clock();
    checkDocumentType(body.document_type);
    const wanted = {
      datamartId: datamart.id,
      mimeType: body.mime_type,
      encoding: readEncoding(body.encoding),
      name: body.name,
      priority: body.priority ?? 'MEDIUM',
      mapping: readMapping(body.mapping ?? null),
      expect: readExpect(body.expect ?? null, { timeZone: datamart.timeZone, now, before: null }),
      creationTs: now,
    };
    const created = await store.documentImports.create(wanted, authorOf(request, dependencies));
    return view(store, created);
  });
}

function listRoute(app: App, dependencies: HttpDependencies): void {
  const { store, clock, progress } = dependencies;
  app.get(PATH, { config: { role: 'reader' }, schema: listSchema }, async (request) => {
    const datamart = await findDatamart({ request, dependencies }, request.params.datamartId);
    const page = pageOf(request.query);
    const { keywords } = request.query;
    const listed = await store.documentImports.list({
      datamartId: datamart.id,
      page,
      ...(keywords === undefined ? {} : { keywords }),
    });
    const views = await viewAll(store, listed.elements);
    const viewed = { elements: views, total: listed.total };
    if (request.query.last_execution !== true) return okList(viewed, page, (of) => of);
    const runs = progress.runs();
    const last = await store.executions.listLast(listed.elements.map(({ id }) => id));
    const corrections = await correctionsOf(dependencies, [...last.values()]);
    return okList(viewed, page, (of) => {
      const execution = last.get(of.id);
      return {
        ...of,
        last_execution:
          execution === undefined
            ? null
            : viewExecution(execution, clock(), { live: runs.get(execution.id), corrections }),
      };
    });
  });
}

/** One import: what it is, and its end. */
function oneImportRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, documents, clock } = dependencies;
  app.get(`${PATH}/:importId`, { config: { role: 'reader' }, schema: getSchema }, async (request) => {
    const { documentImport } = await findDocumentImport({ request, dependencies }, request.params);
    return view(store, documentImport);
  });

  app.put(`${PATH}/:importId`, { config: { role: 'editor' }, schema: putSchema }, async (request) => {
    const found = await findDocumentImport({ request, dependencies }, request.params);
    const { documentImport, datamart } = found;
    const { name, priority, mime_type, encoding, document_type, mapping, expect } = request.body;
    checkDocumentType(document_type);
    const change = {
      ...(name === undefined ? {} : { name }),
      ...(priority === undefined ? {} : { priority }),
      ...(mime_type === undefined ? {} : { mimeType: mime_type }),
      ...(encoding === undefined ? {} : { encoding: readEncoding(encoding) }),
      ...(mapping === undefined ? {} : { mapping: readMapping(mapping) }),
      ...(expect === undefined
        ? {}
        : {
            expect: readExpect(expect, {
              ...{ timeZone: datamart.timeZone, now: clock(), before: documentImport.expect },
            }),
          }),
    };
    const author = authorOf(request, dependencies);
    const updated = await store.documentImports.update(documentImport.id, change, author);
    if (updated === null) throw notFound();
    if (updated === 'IN_USE') {
      throw new ServiceError(
        'CONFLICT',
        'document_type, mime_type and encoding can change only while the import has no execution',
      );
    }
    return view(store, updated);
  });

  app.delete(`${PATH}/:importId`, { config: { role: 'editor' }, schema: deleteSchema }, async (request) => {
    const { documentImport } = await findDocumentImport({ request, dependencies }, request.params);
    const removal = await store.documentImports.remove(documentImport.id, authorOf(request, dependencies));
    if (removal === null) throw notFound();
    if (removal === 'RUNNING') {
      throw new ServiceError('CONFLICT', 'an execution of the import is running: cancel it, or wait for it');
    }
    passFaultPoint('executions-removed');
    for (const folder of removal.folders) await documents.remove(folder);
    return ok(viewDocumentImport(removal.removed));
  });
}

function checkDocumentType(documentType: string | undefined): void {
  if (documentType === undefined || documentType === 'USER_SEGMENT') return;
  throw new ServiceError(
    'UNSUPPORTED_DOCUMENT_TYPE',
    `document_type must be USER_SEGMENT, got ${JSON.stringify(documentType.slice(0, 100))}`,
  );
}

function readEncoding(encoding: string | undefined): string {
  if (encoding === undefined || /^utf-?8$/i.test(encoding)) return 'utf-8';
  throw new ServiceError(
    'UNSUPPORTED_ENCODING',
    `encoding must be utf-8, got ${JSON.stringify(encoding.slice(0, 100))}`,
  );
}
