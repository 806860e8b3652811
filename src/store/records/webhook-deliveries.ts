import { type Attempt, type DeliveryStatus, MOST_FAILING_MS, PING } from '../../model/webhook.ts';
import { pingBody } from '../../model/webhook-body.ts';
import { DELIVERY_FIELDS } from '../../model/webhook-record.ts';
import type { WebhookRecords } from '../webhook-records.ts';
import { noteChange } from './audit-log.ts';
import { type Database, literal, numberOrNull, parameters, type Row, type Sql } from './database.ts';
import { listRows, tableOf } from './table.ts';
import { insertDeliveries, type KnownWebhooks, newDelivery } from './webhook-rows.ts';

type Delivering = Omit<WebhookRecords, 'list' | 'get' | 'create' | 'update' | 'rotateSecret' | 'remove'>;

const { get: getDelivery, read: toDelivery } = tableOf('webhook_delivery', DELIVERY_FIELDS);

const GONE = 'the receiver answered 410: it wants no more of this webhook';

export function webhookDeliveryRecords(db: Database, known: KnownWebhooks): Delivering {
  return {
    ping: (id, of) => db.write((sql) => ping(sql, id, of)),

    listDeliveries: ({ webhookId, statuses, page }) =>
      db.read(async (sql) => {
        const given = parameters();
        const among = statuses?.map((status) => given.add(status)).join(', ');
        const where = `webhook_id = ${literal(webhookId)} ${among === undefined ? '' : `and status in (${among})`}`;
        const from = `webhook_delivery where ${where}`;
        return listRows(sql, { from, order: 'id desc', page, values: given.values }, toDelivery);
      }),

    getDelivery: (id) => db.read((sql) => getDelivery(sql, id)),

    resend: (id, of) => db.write((sql) => resend(sql, id, of)),

    listDue: async (now) => {
      if (!known.any) return [];
      const rows = await db.read((sql) =>
        sql.query(
          `select d.webhook_id, w.datamart_id
           from webhook_delivery d join webhook w on w.id = d.webhook_id and w.enabled
           where d.status = 'PENDING' and d.next_attempt_ts <= ${literal(now)}
           group by d.webhook_id, w.datamart_id order by min(d.next_attempt_ts), d.webhook_id`,
        ),
      );
      return rows.map((row) => ({ id: String(row.webhook_id), datamartId: String(row.datamart_id) }));
    },

    takeDue: (of) => db.read((sql) => takeDue(sql, of)),

    noteAttempts: (webhookId, attempts) =>
      db.write(async (sql) => {
        await noteOutcomes(sql, attempts);
        return noteHealth(sql, webhookId, attempts);
      }),

    countPending: async () => {
      if (!known.any) return 0;
      const [row] = await db.read((sql) =>
        sql.query(`select count(*) as pending from webhook_delivery where status = 'PENDING'`),
      );
      return Number(row?.pending);
    },

    removeDeliveriesBefore: async (instant) => {
      if (!known.any) return 0;
      const rows = await db.write((sql) =>
        sql.query(
          `delete from webhook_delivery where creation_ts < ${literal(instant)} and status <> 'PENDING' returning id`,
        ),
      );
      return rows.length;
    },
  };
}

async function ping(
  sql: Sql,
  id: string,
  { now, author }: Parameters<Delivering['ping']>[1],
): ReturnType<Delivering['ping']> {
  const [webhook] = await sql.query(`select datamart_id, enabled from webhook where id = ${literal(id)}`);
  if (!webhook) return null;
  if (!webhook.enabled) return 'DISABLED';
  const given = parameters();
  const datamartId = String(webhook.datamart_id);
  const body = given.add(pingBody({ webhookId: id, datamartId, now }));
  const row = newDelivery({ webhookId: id, executionId: null, event: PING, body, at: now });
  const [made] = await insertDeliveries(sql, [row], given.values);
  const of = { resourceType: 'webhook', resourceId: id, datamartId } as const;
  await noteChange(sql, author, { ...of, action: 'PING' });
  return toDelivery(made as Row);
}

async function resend(
  sql: Sql,
  id: string,
  { now, author }: Parameters<Delivering['resend']>[1],
): ReturnType<Delivering['resend']> {
  const [webhook] = await sql.query(
    `select w.id, w.datamart_id, w.enabled from webhook_delivery d join webhook w on w.id = d.webhook_id
     where d.id = ${literal(id)}`,
  );
  if (!webhook) return null;
  if (!webhook.enabled) return 'DISABLED';
  await sql.query(
    `update webhook_delivery set status = 'PENDING', attempts = 0, next_attempt_ts = ${literal(now)}
     where id = ${literal(id)}`,
  );
  sql.emit('DELIVERY_DUE', id);
  await noteChange(sql, author, {
    ...{ action: 'RESEND', resourceType: 'webhook_delivery', resourceId: id },
    ...{ datamartId: String(webhook.datamart_id), details: { webhook_id: String(webhook.id) } },
  });
  return getDelivery(sql, id);
}

async function takeDue(
  sql: Sql,
  { webhookId, now, most }: Parameters<Delivering['takeDue']>[0],
): ReturnType<Delivering['takeDue']> {
  const [webhook] = await sql.query(
    `select url, secret, previous_secret, previous_secret_until from webhook
     where id = ${literal(webhookId)} and enabled`,
  );
  if (!webhook) return null;
  const rows = await sql.query(
    `select * from webhook_delivery
     where webhook_id = ${literal(webhookId)} and status = 'PENDING' and next_attempt_ts <= ${literal(now)}
     order by next_attempt_ts, id limit ${literal(most)}`,
  );
  const before = Number(webhook.previous_secret_until) > now ? [String(webhook.previous_secret)] : [];
  const secrets = [String(webhook.secret), ...before];
  return { target: { url: String(webhook.url), secrets }, deliveries: rows.map(toDelivery) };
}

/**
 * Gives up what is still to be sent to a webhook that is disabled; for the transaction that
 * disables it.
 */
export async function failPending(sql: Sql, webhookId: string): Promise<void> {
  await sql.query(
    `update webhook_delivery
     set status = 'FAILED', next_attempt_ts = null, error = 'the webhook was disabled before it was delivered'
     where webhook_id = ${literal(webhookId)} and status = 'PENDING'`,
  );
}

const STATUS_AFTER: Readonly<Record<Attempt['outcome'], DeliveryStatus>> = {
  SUCCEEDED: 'SUCCEEDED',
  RETRY: 'PENDING',
  FAILED: 'FAILED',
  GONE: 'FAILED',
};

/**
 * In one statement: each goes through the table. Of a delivery that is among them twice the last
 * attempt counts.
 */
async function noteOutcomes(sql: Sql, attempts: readonly Attempt[]): Promise<void> {
  const last = [...new Map(attempts.map((attempt) => [attempt.deliveryId, attempt])).values()];
  if (last.length === 0) return;
  const given = parameters();
  const numberOf = (number: number | null) => (number === null ? 'cast(null as bigint)' : literal(number));
  const rows = last.map((of) =>
    [
      `(${literal(of.deliveryId)}`,
      `'${STATUS_AFTER[of.outcome]}'`,
      numberOf(of.nextAttemptTs),
      literal(of.at),
      literal(of.durationMs),
      numberOf(of.responseStatus),
      `cast(${given.add(of.responseBody)} as text)`,
      `cast(${given.add(of.error)} as text))`,
    ].join(', '),
  );
  await sql.query(
    `update webhook_delivery set status = v.status, attempts = attempts + 1, next_attempt_ts = v.next_attempt_ts,
       last_attempt_ts = v.attempt_ts, duration_ms = v.duration_ms, response_status = v.response_status,
       response_body = v.response_body, error = v.error
     from (values ${rows.join(', ')})
       v (id, status, next_attempt_ts, attempt_ts, duration_ms, response_status, response_body, error)
     where webhook_delivery.id = v.id and webhook_delivery.status = 'PENDING'`,
    given.values,
  );
}

/**
 * Keeps since when nothing has succeeded, and disables the webhook where that is due; resolves to
 * why it did.
 */
async function noteHealth(sql: Sql, webhookId: string, attempts: readonly Attempt[]): Promise<string | null> {
  const which = `id = ${literal(webhookId)}`;
  const [webhook] = await sql.query(`select failing_since from webhook where ${which} and enabled`);
  if (!webhook) return null;
  const before = numberOrNull(webhook.failing_since);
  let since = before;
  let reason: string | null = null;
  for (const { outcome, at } of attempts) {
    since = outcome === 'SUCCEEDED' ? null : (since ?? at);
    if (outcome === 'GONE') reason = GONE;
    if (outcome === 'FAILED' && since !== null && at - since >= MOST_FAILING_MS)
      reason = `no delivery has succeeded since ${new Date(since).toISOString()}`;
  }
  if (since !== before)
    await sql.query(
      `update webhook set failing_since = ${since === null ? 'null' : literal(since)} where ${which}`,
    );
  if (reason === null) return null;
  await sql.query(`update webhook set enabled = false, disabled_reason = $1 where ${which}`, [reason]);
  await failPending(sql, webhookId);
  return reason;
}
