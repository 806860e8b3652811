import type { FastifyRequest } from 'fastify';
import { notFound } from '../errors.ts';
import type { Author } from '../model/audit.ts';
import type { Datamart } from '../model/datamart.ts';
import type { DocumentImport } from '../model/document-import.ts';
import type { Segment } from '../model/segment.ts';
import type { ApiToken } from '../model/token.ts';
import { isId } from './schemas.ts';
import type { HttpDependencies } from './types.ts';

/** What a token may see. Everything else does not exist for it: 404, never 403 (spec §2). */

export function tokenOf(request: FastifyRequest): ApiToken {
  if (request.apiToken === null) throw new Error('the route is outside authentication');
  return request.apiToken;
}

/** Who asks, for the audit log. */
export function authorOf(request: FastifyRequest, { clock }: HttpDependencies): Author {
  const { id, name } = tokenOf(request);
  return { tokenId: id, tokenName: name, requestId: request.id, at: clock() };
}

export function maySee(token: ApiToken, datamartId: string): boolean {
  return token.datamartIds === null || token.datamartIds.includes(datamartId);
}

type Looking = { readonly request: FastifyRequest; readonly dependencies: HttpDependencies };

export async function findDatamart({ request, dependencies }: Looking, id: string): Promise<Datamart> {
  if (!isId(id) || !maySee(tokenOf(request), id)) throw notFound();
  const datamart = await dependencies.store.datamarts.get(id);
  if (datamart === null) throw notFound();
  request.datamartId = datamart.id;
  return datamart;
}

export async function findDocumentImport(
  looking: Looking,
  { datamartId, importId }: { readonly datamartId: string; readonly importId: string },
): Promise<{ datamart: Datamart; documentImport: DocumentImport }> {
  const datamart = await findDatamart(looking, datamartId);
  const documentImport = isId(importId)
    ? await looking.dependencies.store.documentImports.get(importId)
    : null;
  if (documentImport?.datamartId !== datamartId) throw notFound();
  return { datamart, documentImport };
}

export async function findSegment({ request, dependencies }: Looking, id: string): Promise<Segment> {
  const segment = isId(id) ? await dependencies.store.segments.get(id) : null;
  if (segment === null || !maySee(tokenOf(request), segment.datamartId)) throw notFound();
  return segment;
}
