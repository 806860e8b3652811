import { Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import { MOST_WEBHOOKS } from '../../model/webhook.ts';
import { EventName } from '../../model/webhook-record.ts';
import { MOST_URL } from '../../webhooks/check-url.ts';
import { authorOf, findDatamart } from '../access.ts';
import { ok, okList, pageOf } from '../answers.ts';
import { answersWith, answersWithList, DatamartParams, Id, nullableText, Paging } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import {
  checkUrl,
  disabled,
  findWebhook,
  readEvents,
  readSecret,
  WEBHOOKS_PATH,
  WebhookParams,
} from './calls.ts';
import { DeliveryView, viewDelivery, viewWebhook, WebhookView, WebhookWithSecretView } from './view.ts';

const ListQuery = Type.Object({ ...Paging, document_import_id: Type.Optional(Id) });
const Url = Type.String({ description: `https, at most ${MOST_URL} characters`, minLength: 1 });
const members = {
  document_import_id: Type.Optional(
    Type.Unsafe<string | null>({
      ...Id,
      type: ['string', 'null'],
      description: 'null: all imports of the datamart',
    }),
  ),
  name: Type.Optional(nullableText({ maxLength: 255 })),
  events: Type.Optional(Type.Array(EventName, { maxItems: 10, description: 'empty or absent: all events' })),
};
// of no type: the validator would tell what came
const secret = Type.Optional(
  Type.Unsafe<unknown>({ description: 'whsec_ followed by 24 to 64 bytes in base64; generated if absent' }),
);
const NewWebhook = Type.Object({ ...members, url: Url, secret });
const WebhookChange = Type.Object({
  ...members,
  url: Type.Optional(Url),
  enabled: Type.Optional(Type.Boolean()),
});
const Rotation = Type.Unsafe<unknown>({ properties: { secret } });

const tags = ['webhooks'];
const PATH = WEBHOOKS_PATH;
const ONE = `${PATH}/:webhookId`;

/**
 * Who is told of the ends of executions. Look-ups need an editor: a URL may itself be a secret of
 * its receiver.
 */
export function webhookRoutes(app: App, dependencies: HttpDependencies): void {
  webhooksRoutes(app, dependencies);
  oneWebhookRoutes(app, dependencies);
  signedRoutes(app, dependencies);
}

const config = { role: 'editor' } as const;

/** All webhooks of a datamart. */
function webhooksRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, clock } = dependencies;

  const postSchema = {
    tags,
    summary: 'Creates a webhook; only this answer contains its secret',
    params: DatamartParams,
    body: NewWebhook,
    response: answersWith(WebhookWithSecretView),
  };
  app.post(PATH, { config, schema: postSchema }, async (request) => {
    const datamart = await findDatamart({ request, dependencies }, request.params.datamartId);
    const { body } = request;
    checkUrl(body.url, dependencies);
    const wanted = {
      datamartId: datamart.id,
      documentImportId: body.document_import_id ?? null,
      name: body.name ?? null,
      url: body.url,
      events: readEvents(body.events),
      secret: readSecret(body.secret),
      creationTs: clock(),
    };
    const created = await store.webhooks.create(wanted, authorOf(request, dependencies));
    if (created === null) throw noImport(wanted.documentImportId);
    if (created === 'TOO_MANY') {
      throw new ServiceError('CONFLICT', `a datamart can have ${MOST_WEBHOOKS} webhooks, it has as many`);
    }
    return ok({ ...viewWebhook(created), secret: wanted.secret });
  });

  const listSchema = {
    tags,
    summary: 'Lists webhooks, newest first',
    params: DatamartParams,
    querystring: ListQuery,
    response: answersWithList(WebhookView),
  };
  app.get(PATH, { config, schema: listSchema }, async (request) => {
    const datamart = await findDatamart({ request, dependencies }, request.params.datamartId);
    const page = pageOf(request.query);
    const { document_import_id: documentImportId } = request.query;
    const bound = documentImportId === undefined ? {} : { documentImportId };
    const of = { datamartId: datamart.id, ...bound, page };
    return okList(await store.webhooks.list(of), page, viewWebhook);
  });
}

const getSchema = {
  tags,
  summary: 'Shows a webhook, without its secret',
  params: WebhookParams,
  response: answersWith(WebhookView),
};

/** One webhook: what it is, and its end. */
function oneWebhookRoutes(app: App, dependencies: HttpDependencies): void {
  const { store } = dependencies;
  app.get(ONE, { config, schema: getSchema }, async (request) =>
    ok(viewWebhook(await findWebhook({ request, dependencies }, request.params))),
  );

  const putSchema = {
    ...getSchema,
    summary: 'Changes a webhook, in part or whole; a disabled one is sent nothing',
    body: WebhookChange,
  };
  app.put(ONE, { config, schema: putSchema }, async (request) => {
    const webhook = await findWebhook({ request, dependencies }, request.params);
    const { document_import_id: documentImportId, name, url, events, enabled } = request.body;
    if (url !== undefined) checkUrl(url, dependencies);
    const change = {
      ...(documentImportId === undefined ? {} : { documentImportId }),
      ...(name === undefined ? {} : { name }),
      ...(url === undefined ? {} : { url }),
      ...(events === undefined ? {} : { events: readEvents(events) }),
      ...(enabled === undefined ? {} : { enabled }),
    };
    const updated = await store.webhooks.update(webhook.id, change, authorOf(request, dependencies));
    if (updated === null) throw noImport(documentImportId ?? null);
    return ok(viewWebhook(updated));
  });

  const deleteSchema = { ...getSchema, summary: 'Deletes a webhook and its delivery records' };
  app.delete(ONE, { config, schema: deleteSchema }, async (request) => {
    const webhook = await findWebhook({ request, dependencies }, request.params);
    const removed = await store.webhooks.remove(webhook.id, authorOf(request, dependencies));
    if (removed === null) throw notFound();
    return ok(viewWebhook(removed));
  });
}

/** What a webhook signs with, and a delivery to try it. */
function signedRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, clock } = dependencies;

  const rotateSchema = {
    tags,
    summary: 'Replaces the secret of a webhook; for 24 hours deliveries are signed with both',
    params: WebhookParams,
    body: Rotation,
    response: answersWith(WebhookWithSecretView),
  };
  app.post(`${ONE}/rotate_secret`, { config, schema: rotateSchema }, async (request) => {
    const webhook = await findWebhook({ request, dependencies }, request.params);
    const given = (request.body ?? {}) as { readonly secret?: unknown };
    const value = readSecret(given.secret);
    const author = authorOf(request, dependencies);
    const rotated = await store.webhooks.rotateSecret(webhook.id, { secret: value, now: clock(), author });
    if (rotated === null) throw notFound();
    return ok({ ...viewWebhook(rotated), secret: value });
  });

  const pingSchema = {
    tags,
    summary: 'Sends a test delivery and returns it, PENDING',
    params: WebhookParams,
    response: answersWith(DeliveryView),
  };
  app.post(`${ONE}/ping`, { config, schema: pingSchema }, async (request) => {
    const webhook = await findWebhook({ request, dependencies }, request.params);
    const author = authorOf(request, dependencies);
    const made = await store.webhooks.ping(webhook.id, { now: clock(), author });
    if (made === null) throw notFound();
    if (made === 'DISABLED') throw disabled();
    return ok(viewDelivery(made));
  });
}

/**
 * A webhook was not made or changed: its import is not one of the datamart, or the webhook or the
 * datamart has just gone.
 */
function noImport(documentImportId: string | null): ServiceError {
  if (documentImportId === null) return notFound();
  return new ServiceError(
    'INVALID_REQUEST',
    `document_import_id must be that of a document import of this datamart, got ${documentImportId}`,
  );
}
