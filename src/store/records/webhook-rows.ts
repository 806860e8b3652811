import type { Delivery } from '../../model/webhook-record.ts';
import { literal, type Sql } from './database.ts';

/**
 * What those who have something to tell know of webhooks: mostly that there are none, which spares
 * them a query.
 */
export type KnownWebhooks = { any: boolean };

/**
 * A row for `insertDeliveries`; `body` is its placeholder, since a parameter costs as much as the
 * row it is in.
 */
export function newDelivery(of: {
  readonly webhookId: string;
  readonly executionId: string | null;
  readonly event: Delivery['event'];
  readonly body: string;
  readonly at: number;
}): string {
  const executionId = of.executionId === null ? 'null' : literal(of.executionId);
  const at = literal(of.at);
  return `(nextval('webhook_delivery_id'), ${literal(of.webhookId)}, cast(gen_random_uuid() as text), '${of.event}',
    ${executionId}, ${of.body}, 'PENDING', 0, ${at}, ${at})`;
}

/** Makes deliveries that are due at once; resolves to their rows. */
export async function insertDeliveries(
  sql: Sql,
  deliveries: readonly string[],
  values: Parameters<Sql['query']>[1],
): ReturnType<Sql['query']> {
  const rows = await sql.query(
    `insert into webhook_delivery (id, webhook_id, message_id, event, execution_id, body, status, attempts, creation_ts,
       next_attempt_ts)
     values ${deliveries.join(', ')} returning *`,
    values,
  );
  for (const row of rows) sql.emit('DELIVERY_DUE', String(row.id));
  return rows;
}
