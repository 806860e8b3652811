import { type Static, Type } from 'typebox';
import { schemaOf, viewer } from '../../model/record.ts';
import { DELIVERY_STATUSES, type Delivery, EVENTS, PING } from '../../model/webhook.ts';
import { WEBHOOK_FIELDS } from '../../model/webhook-record.ts';
import { Count, Id, Instant, nullableInteger, nullableText, oneOf } from '../schemas.ts';

export const WebhookView = schemaOf(WEBHOOK_FIELDS);
export const viewWebhook = viewer(WEBHOOK_FIELDS);

/** With its secret: in the answers that make one, and in no other. */
export const WebhookWithSecretView = Type.Object({
  ...WebhookView.properties,
  secret: Type.String({ description: 'shown this once' }),
});

export const DeliveryView = Type.Object({
  id: Id,
  webhook_id: Id,
  message_id: Type.String({ description: 'the webhook-id header of each attempt' }),
  event: oneOf([...EVENTS, PING]),
  execution_id: nullableText(),
  status: oneOf(DELIVERY_STATUSES),
  attempts: Count,
  creation_ts: Instant,
  next_attempt_ts: nullableInteger(),
  last_attempt_ts: nullableInteger(),
  duration: nullableInteger({ description: 'ms, of the last attempt' }),
  response_status: nullableInteger(),
  response_body: nullableText({ description: 'the beginning of the last response' }),
  error: nullableText({ description: 'why the last attempt failed' }),
  body: Type.String({ description: 'what is sent' }),
});

export function viewDelivery(of: Delivery): Static<typeof DeliveryView> {
  return {
    id: of.id,
    webhook_id: of.webhookId,
    message_id: of.messageId,
    event: of.event,
    execution_id: of.executionId,
    status: of.status,
    attempts: of.attempts,
    creation_ts: of.creationTs,
    next_attempt_ts: of.nextAttemptTs,
    last_attempt_ts: of.lastAttemptTs,
    duration: of.durationMs,
    response_status: of.responseStatus,
    response_body: of.responseBody,
    error: of.error,
    body: of.body,
  };
}
