import { Type } from 'typebox';
import { schemaOf, viewer } from '../../model/record.ts';
import { DELIVERY_FIELDS, WEBHOOK_FIELDS } from '../../model/webhook-record.ts';

export const WebhookView = schemaOf(WEBHOOK_FIELDS);
export const viewWebhook = viewer(WEBHOOK_FIELDS);

/** With its secret: in the answers that make one, and in no other. */
export const WebhookWithSecretView = Type.Object({
  ...WebhookView.properties,
  secret: Type.String({ description: 'shown this once' }),
});

export const DeliveryView = schemaOf(DELIVERY_FIELDS);
export const viewDelivery = viewer(DELIVERY_FIELDS);
