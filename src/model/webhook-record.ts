import { Type } from 'typebox';
import type { RecordOf } from './record.ts';
import { Id, Instant, nullableText, oneOf } from './schema.ts';
import { EVENTS } from './webhook.ts';

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
