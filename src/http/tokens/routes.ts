import { randomBytes } from 'node:crypto';
import { Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import { CreatedTokenView, RoleName, TokenView, viewToken } from '../../model/token.ts';
import { hashToken } from '../../model/token-hash.ts';
import { authorOf, tokenOf } from '../access.ts';
import { ok, okList, pageOf } from '../answers.ts';
import type { Authenticator } from '../authenticate.ts';
import { answersWith, answersWithList, Id, Instant, isId, Name, nullOr, PagingQuery } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';

/**
 * Fails closed: what a token is for has to be said, in members that are known, and nothing else is
 * read as "all" or "never".
 */
const NewToken = Type.Object(
  {
    name: Name,
    role: RoleName,
    datamart_ids: nullOr(Type.Array(Id, { minItems: 1, maxItems: 1_000 }), {
      description: 'the datamarts that the token is for; null: all',
    }),
    expiration_date: Type.Optional(nullOr(Instant, { description: 'ms since the epoch; null: never' })),
  },
  { additionalProperties: false },
);
const Params = Type.Object({ tokenId: Type.String() });
const tags = ['API tokens'];

/**
 * Who may call. For administrators of everything: one of some datamarts could otherwise give
 * himself the others. Whoever has a token may see what it is for, so that a client offers nothing
 * that would be refused.
 */
export function tokenRoutes(app: App, dependencies: HttpDependencies, authenticator: Authenticator): void {
  const { store, clock } = dependencies;
  const config = { role: 'admin', reach: 'ALL_DATAMARTS' } as const;

  const listSchema = {
    tags,
    summary: 'Lists API tokens, without their values',
    querystring: PagingQuery,
    response: answersWithList(TokenView),
  };
  app.get('/api_tokens', { config, schema: listSchema }, async (request) => {
    const page = pageOf(request.query);
    return okList(await store.tokens.list(page), page, viewToken);
  });

  const currentSchema = {
    tags,
    summary: 'Shows the API token of the request',
    response: answersWith(TokenView),
  };
  app.get('/api_tokens/current', { config: { role: 'reader' }, schema: currentSchema }, (request) =>
    ok(viewToken(tokenOf(request))),
  );

  const postSchema = {
    tags,
    summary: 'Creates an API token; only this answer contains its value',
    body: NewToken,
    response: answersWith(CreatedTokenView),
  };
  app.post('/api_tokens', { config, schema: postSchema }, async (request) => {
    const { name, role, datamart_ids: datamartIds } = request.body;
    const now = clock();
    await checkDatamarts(dependencies, datamartIds);
    const value = `muster_${randomBytes(32).toString('base64url')}`;
    const wanted = {
      name,
      role,
      datamartIds,
      creationDate: now,
      expirationDate: readExpiration(request.body.expiration_date ?? null, now),
      valueHash: hashToken(value),
    };
    const created = await store.tokens.create(wanted, authorOf(request, dependencies));
    return ok({ ...viewToken(created), value });
  });

  const deleteSchema = {
    tags,
    summary: 'Revokes an API token at once; the last admin token for all datamarts cannot be revoked',
    params: Params,
    response: answersWith(TokenView),
  };
  app.delete('/api_tokens/:tokenId', { config, schema: deleteSchema }, async (request) => {
    const { tokenId } = request.params;
    if (!isId(tokenId)) throw notFound();
    const author = authorOf(request, dependencies);
    const removed = await store.tokens.remove(tokenId, { now: clock(), author });
    // also one that another node has removed
    if (removed !== 'LAST_ADMIN') authenticator.forget(tokenId);
    if (removed === null) throw notFound();
    if (removed === 'LAST_ADMIN') {
      throw new ServiceError(
        'CONFLICT',
        'the last admin token for all datamarts that has not expired cannot be deleted: create another one first',
      );
    }
    return ok(viewToken(removed));
  });
}

async function checkDatamarts({ store }: HttpDependencies, ids: readonly string[] | null): Promise<void> {
  for (const id of ids ?? []) {
    if ((await store.datamarts.get(id)) === null)
      throw new ServiceError(
        'INVALID_REQUEST',
        `datamart_ids must name existing datamarts; datamart ${id} does not exist`,
      );
  }
}

function readExpiration(expirationDate: number | null, now: number): number | null {
  if (expirationDate === null || expirationDate > now) return expirationDate;
  throw new ServiceError(
    'INVALID_REQUEST',
    `expiration_date must be in the future, in ms since the epoch, got ${expirationDate}`,
  );
}
