import { Type } from 'typebox';
import type { RecordOf } from './record.ts';
import { Count, Id, Instant, nullableInteger, nullableText, oneOf } from './schema.ts';
import { DELIVERY_STATUSES, EVENTS, PING } from './webhook.ts';

export const EventName = oneOf(EVENTS);

/** A webhook without its secrets. */
export const WEBHOOK_FIELDS = {
  id: Id,
  datamart_id: Id,
  document_import_id: nullableText({ description: 'null: all imports of the datamart' }),
  name: nullableText(),
  url: Type.String(),
  events: Type.Array(EventName),
  enabled: Type.Boolean(),
  disabled_reason: nullableText({ description: 'why the service disabled it' }),
  creation_ts: Instant,
};

export type Webhook = RecordOf<typeof WEBHOOK_FIELDS>;

/**
 * `message_id` is the same in every attempt, also after a resend; `attempts` counts from there on.
 * `execution_id` is null for a test delivery, and for one that is about a due time.
 */
export const DELIVERY_FIELDS = {
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
  duration_ms: nullableInteger({ description: 'ms, of the last attempt' }),
  response_status: nullableInteger(),
  response_body: nullableText({ description: 'the beginning of the last response' }),
  error: nullableText({ description: 'why the last attempt failed' }),
  body: Type.String({ description: 'what is sent' }),
};

export type Delivery = RecordOf<typeof DELIVERY_FIELDS>;
