import { MOST_WEBHOOKS, ROTATION_MS } from '../../model/webhook.ts';
import { WEBHOOK_FIELDS, type Webhook } from '../../model/webhook-record.ts';
import type { WebhookRecords } from '../webhook-records.ts';
import { membersOf, noteChange } from './audit-log.ts';
import { type Database, literal, type Sql } from './database.ts';
import { listRows, tableOf } from './table.ts';
import { failPending } from './webhook-deliveries.ts';
import type { KnownWebhooks } from './webhook-rows.ts';

const webhooks = tableOf('webhook', WEBHOOK_FIELDS);

type Managing = Pick<WebhookRecords, 'list' | 'get' | 'create' | 'update' | 'rotateSecret' | 'remove'>;

/** Whether there is any webhook, read once; every call that makes one says so. */
export async function readKnownWebhooks(db: Database): Promise<KnownWebhooks> {
  return { any: (await db.read((sql) => sql.query('select 1 from webhook limit 1'))).length > 0 };
}

export function webhookRecords(db: Database, known: KnownWebhooks): Managing {
  return {
    list: ({ datamartId, documentImportId, page }) =>
      db.read(async (sql) => {
        const bound =
          documentImportId === undefined ? '' : `and document_import_id = ${literal(documentImportId)}`;
        const from = `webhook where datamart_id = ${literal(datamartId)} ${bound}`;
        return listRows(sql, { from, order: 'id desc', page }, webhooks.read);
      }),

    get: (id) => db.read((sql) => webhooks.get(sql, id)),

    create: (wanted, author) => {
      // before it is so: an end that comes right after it must know
      known.any = true;
      return db.write(async (sql) => {
        const { secret, ...webhook } = wanted;
        const { datamartId, documentImportId, events } = webhook;
        if (!(await isThere(sql, { datamartId, documentImportId }))) return null;
        const [count] = await sql.query(
          `select count(*) as total from webhook where datamart_id = ${literal(datamartId)}`,
        );
        if (Number(count?.total) >= MOST_WEBHOOKS) return 'TOO_MANY';
        const fresh = { ...webhook, enabled: true, disabledReason: null };
        const created = await webhooks.insert(sql, fresh, { secret });
        const details = { document_import_id: documentImportId, events };
        await noteChange(sql, author, { ...changeOf(created), action: 'CREATE', details });
        return created;
      });
    },

    update: (id, change, author) =>
      db.write(async (sql) => {
        const before = await webhooks.get(sql, id);
        if (!before) return null;
        const { documentImportId = before.documentImportId } = change;
        if (!(await isThere(sql, { datamartId: before.datamartId, documentImportId }))) return null;
        if (Object.keys(change).length === 0) return before;
        // whoever enables it has seen to it
        const updated = await (change.enabled === undefined
          ? webhooks.update(sql, id, change)
          : webhooks.update(sql, id, { ...change, disabledReason: null }, { failing_since: null }));
        if (change.enabled === false) await failPending(sql, id);
        const note = { ...changeOf(before), action: 'UPDATE' as const, details: membersOf(change) };
        await noteChange(sql, author, note);
        return updated;
      }),

    rotateSecret: (id, { secret, now, author }) =>
      db.write(async (sql) => {
        const [row] = await sql.query(
          `update webhook set previous_secret = secret, previous_secret_until = ${literal(now + ROTATION_MS)}, secret = $1
           where id = ${literal(id)} returning *`,
          [secret],
        );
        if (!row) return null;
        const rotated = webhooks.read(row);
        await noteChange(sql, author, { ...changeOf(rotated), action: 'ROTATE_SECRET' });
        return rotated;
      }),

    remove: (id, author) =>
      db.write(async (sql) => {
        const removed = await webhooks.get(sql, id);
        if (!removed) return null;
        await removeWebhooks(sql, `id = ${literal(id)}`);
        await noteChange(sql, author, { ...changeOf(removed), action: 'DELETE' });
        return removed;
      }),
  };
}

/** Removes the webhooks that are bound to an import; for the transaction that removes it. */
export async function removeWebhooksOf(sql: Sql, documentImportId: string): Promise<void> {
  await removeWebhooks(sql, `document_import_id = ${literal(documentImportId)}`);
}

async function removeWebhooks(sql: Sql, which: string): Promise<void> {
  await sql.query(`delete from webhook_delivery where webhook_id in (select id from webhook where ${which})`);
  await sql.query(`delete from webhook where ${which}`);
}

async function isThere(
  sql: Sql,
  { datamartId, documentImportId }: Pick<Webhook, 'datamartId' | 'documentImportId'>,
): Promise<boolean> {
  const rows =
    documentImportId === null
      ? await sql.query(`select id from datamart where id = ${literal(datamartId)}`)
      : await sql.query(
          `select id from document_import
           where id = ${literal(documentImportId)} and datamart_id = ${literal(datamartId)}`,
        );
  return rows.length > 0;
}

function changeOf({ id, datamartId }: Webhook) {
  return { resourceType: 'webhook', resourceId: id, datamartId } as const;
}
