import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import { DELIVERY_STATUSES, type DeliveryStatus } from '../../model/webhook.ts';
import type { Delivery } from '../../model/webhook-record.ts';
import { authorOf } from '../access.ts';
import { listOf, ok, okList, pageOf } from '../answers.ts';
import { answersWith, answersWithList, ExecutionsQuery, isId } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { disabled, findWebhook, WEBHOOKS_PATH, WebhookParams } from './calls.ts';
import { DeliveryView, viewDelivery } from './view.ts';

const DeliveryParams = Type.Object({ ...WebhookParams.properties, deliveryId: Type.String() });

const PATH = `${WEBHOOKS_PATH}/:webhookId/deliveries`;
const tags = ['webhooks'];

/** What was sent to webhooks, and what came of it. */
export function webhookDeliveryRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, clock } = dependencies;

  const listSchema = {
    tags,
    summary: 'Lists deliveries of a webhook, newest first',
    params: WebhookParams,
    querystring: ExecutionsQuery,
    response: answersWithList(DeliveryView),
  };
  app.get(PATH, { config: { role: 'reader' }, schema: listSchema }, async (request) => {
    const webhook = await findWebhook({ request, dependencies }, request.params);
    const page = pageOf(request.query);
    const statuses = readStatuses(request.query.status);
    const of = { webhookId: webhook.id, ...(statuses ? { statuses } : {}), page };
    return okList(await store.webhooks.listDeliveries(of), page, viewDelivery);
  });

  async function find(request: FastifyRequest, params: Static<typeof DeliveryParams>): Promise<Delivery> {
    const webhook = await findWebhook({ request, dependencies }, params);
    const { deliveryId } = params;
    const delivery = isId(deliveryId) ? await store.webhooks.getDelivery(deliveryId) : null;
    if (delivery?.webhookId !== webhook.id) throw notFound();
    return delivery;
  }

  const getSchema = {
    tags,
    summary: 'Shows a delivery',
    params: DeliveryParams,
    response: answersWith(DeliveryView),
  };
  app.get(`${PATH}/:deliveryId`, { config: { role: 'reader' }, schema: getSchema }, async (request) =>
    ok(viewDelivery(await find(request, request.params))),
  );

  const resendSchema = { ...getSchema, summary: 'Sends a delivery again, under the same message_id' };
  app.post(
    `${PATH}/:deliveryId/resend`,
    { config: { role: 'editor' }, schema: resendSchema },
    async (request) => {
      const delivery = await find(request, request.params);
      const author = authorOf(request, dependencies);
      const again = await store.webhooks.resend(delivery.id, { now: clock(), author });
      if (again === null) throw notFound();
      if (again === 'DISABLED') throw disabled();
      return ok(viewDelivery(again));
    },
  );
}

/** The statuses of a comma-separated filter; undefined for all. Throws INVALID_REQUEST. */
function readStatuses(joined: string | undefined): readonly DeliveryStatus[] | undefined {
  return listOf(joined)?.map((name) => {
    const status = DELIVERY_STATUSES.find((candidate) => candidate === name);
    if (status !== undefined) return status;
    throw new ServiceError(
      'INVALID_REQUEST',
      `status must be among ${DELIVERY_STATUSES.join(', ')}, got ${JSON.stringify(name.slice(0, 60))}`,
    );
  });
}
