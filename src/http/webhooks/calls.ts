import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import { EVENTS, type Event, isSecret, makeSecret } from '../../model/webhook.ts';
import type { Webhook } from '../../model/webhook-record.ts';
import { whatIsWrong } from '../../webhooks/check-url.ts';
import { findDatamart } from '../access.ts';
import { isId } from '../schemas.ts';
import type { HttpDependencies } from '../types.ts';

/** What the routes of webhooks and of their deliveries have in common. */

export const WEBHOOKS_PATH = '/datamarts/:datamartId/webhooks';
export const WebhookParams = Type.Object({ datamartId: Type.String(), webhookId: Type.String() });

/** The webhook of a datamart that the token may see; one of another datamart is not found. */
export async function findWebhook(
  { request, dependencies }: { request: FastifyRequest; dependencies: HttpDependencies },
  { datamartId, webhookId }: { readonly datamartId: string; readonly webhookId: string },
): Promise<Webhook> {
  const datamart = await findDatamart({ request, dependencies }, datamartId);
  const webhook = isId(webhookId) ? await dependencies.store.webhooks.get(webhookId) : null;
  if (webhook?.datamartId !== datamart.id) throw notFound();
  return webhook;
}

/**
 * Throws INVALID_REQUEST for a URL that may not be sent to. It is not told in whole: it may hold a
 * secret of the receiver's.
 */
export function checkUrl(url: string, { config }: HttpDependencies): void {
  const wrong = whatIsWrong(url, config.webhookAllowPrivate ? 'ANY' : 'PUBLIC');
  if (wrong !== null) throw new ServiceError('INVALID_REQUEST', `url: ${wrong}`);
}

/** The events that were chosen, each once; all when none were. */
export function readEvents(events: readonly Event[] | undefined): readonly Event[] {
  const chosen = EVENTS.filter((event) => events?.includes(event));
  return chosen.length === 0 ? EVENTS : chosen;
}

/** The secret that was given, or a new one. What was given is not told, whatever it is. */
export function readSecret(given: unknown): string {
  if (given === undefined) return makeSecret();
  if (typeof given === 'string' && isSecret(given)) return given;
  throw new ServiceError(
    'INVALID_REQUEST',
    'secret must be whsec_ and 24 to 64 bytes in base64, got something else (it is not shown here)',
  );
}

/** A webhook that is disabled sends nothing. */
export function disabled(): ServiceError {
  return new ServiceError('CONFLICT', 'the webhook is disabled: enable it first');
}
