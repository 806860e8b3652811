import { Type } from 'typebox';
import { FileTooLargeError } from '../../documents/write-guarded.ts';
import { notFound, ServiceError } from '../../errors.ts';
import { EXPORT_MIME_TYPES } from '../../model/export.ts';
import { authorOf, findSegment, tokenOf } from '../access.ts';
import { ok, okList, pageOf } from '../answers.ts';
import { exportFileName } from '../data-files/uri.ts';
import { readStatuses } from '../executions/calls.ts';
import { answersWith, answersWithList, ErrorAnswer, ExecutionsQuery, Id, isId, oneOf } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { createJobAdmission, type JobAdmission } from './admission.ts';
import { ExportView, IDENTIFIER_TYPES, readKinds, viewExport } from './view.ts';

const Params = Type.Object({ segmentId: Type.String() });
const ExportParams = Type.Object({ ...Params.properties, exportId: Type.String() });
const Identifier = Type.Object({ type: oneOf(IDENTIFIER_TYPES), compartment_id: Type.Optional(Id) });
const MimeType = oneOf(EXPORT_MIME_TYPES);
const Body = Type.Object({
  export_user_identifier: Type.Optional(Identifier),
  export_user_identifiers: Type.Optional(
    Type.Array(Identifier, { maxItems: 100, description: 'by default all identifiers' }),
  ),
  mime_type: Type.Optional(MimeType),
});
const FileQuery = Type.Object({
  identifiers: Type.Optional(
    Type.String({
      description: `of ${IDENTIFIER_TYPES.join(', ')} and USER_ACCOUNT:compartment_id, comma-separated`,
    }),
  ),
  mime_type: Type.Optional(MimeType),
});

const PATH = '/audience_segments/:segmentId/exports';
const tags = ['exports'];

/**
 * The members of a segment as files: made in the background and kept for a day, or made and
 * streamed at once.
 */
export function exportRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, config } = dependencies;
  const admission = createJobAdmission(store.exports.loadOf, {
    ...config,
    bytes: { setting: 'maxExportBytes', most: config.maxExportBytes },
  });
  keptExportRoutes(app, dependencies, admission);
  exportFileRoute(app, dependencies, admission);
}

/** Files that are made in the background, and kept for a day. */
function keptExportRoutes(app: App, dependencies: HttpDependencies, admission: JobAdmission): void {
  const { store, clock } = dependencies;

  const postSchema = {
    tags,
    summary: 'Starts an export of the members of a segment',
    params: Params,
    body: Body,
    response: answersWith(ExportView),
  };
  app.post(PATH, { config: { role: 'reader' }, schema: postSchema }, async (request) => {
    const segment = await findSegment({ request, dependencies }, request.params.segmentId);
    const { export_user_identifier: one, export_user_identifiers: several, mime_type } = request.body;
    const wanted = {
      organisationId: segment.organisationId,
      datamartId: segment.datamartId,
      segmentId: segment.id,
      mimeType: mime_type ?? 'TEXT_CSV',
      kinds: readKinds([...(one ? [one] : []), ...(several ?? [])]),
      userId: tokenOf(request).id,
      creationDate: clock(),
    };
    const created = await admission.create(wanted, () =>
      store.exports.create(wanted, authorOf(request, dependencies)),
    );
    if (created === null) throw notFound();
    return ok(viewExport(created));
  });

  const listSchema = {
    tags,
    summary: 'Lists exports of a segment, newest first',
    params: Params,
    querystring: ExecutionsQuery,
    response: answersWithList(ExportView),
  };
  app.get(PATH, { config: { role: 'reader' }, schema: listSchema }, async (request) => {
    const segment = await findSegment({ request, dependencies }, request.params.segmentId);
    const page = pageOf(request.query);
    const statuses = readStatuses(request.query.status);
    const of = { segmentId: segment.id, ...(statuses ? { statuses } : {}), page };
    return okList(await store.exports.list(of), page, viewExport);
  });

  const getSchema = {
    tags,
    summary: 'Shows an export',
    params: ExportParams,
    response: answersWith(ExportView),
  };
  app.get(`${PATH}/:exportId`, { config: { role: 'reader' }, schema: getSchema }, async (request) => {
    const segment = await findSegment({ request, dependencies }, request.params.segmentId);
    const { exportId } = request.params;
    const made = isId(exportId) ? await store.exports.get(exportId) : null;
    if (made?.segmentId !== segment.id) throw notFound();
    return ok(viewExport(made));
  });
}

/** A file that is made and streamed at once. */
function exportFileRoute(app: App, dependencies: HttpDependencies, admission: JobAdmission): void {
  const { store, documents, clock, config, exportTurns } = dependencies;
  const fileSchema = {
    tags,
    summary: 'Downloads the members of a segment directly, without a stored export',
    produces: ['application/octet-stream'],
    params: Params,
    querystring: FileQuery,
    response: { '4xx': ErrorAnswer, '5xx': ErrorAnswer },
  };
  const filePath = '/audience_segments/:segmentId/export_file';
  // no HEAD: it would make the file to tell its length
  const fileOptions = { config: { role: 'reader' }, schema: fileSchema, exposeHeadRoute: false } as const;
  app.get(filePath, fileOptions, async (request, reply) => {
    const segment = await findSegment({ request, dependencies }, request.params.segmentId);
    const mimeType = request.query.mime_type ?? 'TEXT_CSV';
    const kinds = readKinds(fromQuery(request.query.identifiers));
    const now = clock();
    await store.auditLog.note(authorOf(request, dependencies), {
      action: 'EXPORT',
      resourceType: 'segment',
      resourceId: segment.id,
      datamartId: segment.datamartId,
      details: { mime_type: mimeType },
    });
    const { datamartId } = segment;
    const bounds = { maxBytes: config.maxExportBytes, signal: request.stop.signal };
    const make = () =>
      documents.makeLocal(
        (file, signal) => store.writeMembers({ segmentId: segment.id, mimeType, kinds, file, now, signal }),
        bounds,
      );
    // its place is taken until the download ends: the file is on the disk for as long
    const leave = await admission.enter({ datamartId, userId: tokenOf(request).id });
    const made = await exportTurns.take(datamartId, make).catch((fault: unknown) => {
      leave();
      return asRefusal(fault);
    });
    const content = made.content();
    content.once('close', leave);
    // also when the client goes away in the middle; in a crash it is left to the sweep
    content.once('close', () => {
      made.discard().catch((err) => request.log.error({ err }, 'a download could not be removed'));
    });
    const name = exportFileName({ segmentId: segment.id, mimeType });
    return reply
      .type('application/octet-stream')
      .header('Content-Disposition', `attachment; filename=${name}`)
      .header('Content-Length', made.bytes)
      .send(content as never);
  });
}

/** What is larger than it may be is told to who asked for it. */
function asRefusal(fault: unknown): never {
  if (!(fault instanceof FileTooLargeError)) throw fault;
  throw new ServiceError('FILE_TOO_LARGE', `${fault.message} (maxExportBytes)`, { cause: fault });
}

/** `USER_EMAIL,USER_ACCOUNT:7`; the types are checked by `readKinds`. */
function fromQuery(joined: string | undefined): readonly { type: string; compartment_id?: string }[] {
  const words = joined?.split(',').filter((word) => word !== '') ?? [];
  return words.map((word) => {
    const [type = '', compartment] = word.split(':');
    return compartment === undefined ? { type } : { type, compartment_id: compartment };
  });
}
