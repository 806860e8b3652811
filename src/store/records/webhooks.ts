import { MOST_WEBHOOKS, ROTATION_MS, type Webhook } from '../../model/webhook.ts';
import type { WebhookRecords } from '../webhook-records.ts';
import { membersOf, noteChange } from './audit-log.ts';
import {
  assignments,
  type Database,
  limits,
  literal,
  parameters,
  type Row,
  type Sql,
  textOrNull,
} from './database.ts';

import { failPending } from './webhook-deliveries.ts';
import type { KnownWebhooks } from './webhook-rows.ts';

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
        const from = `from webhook where datamart_id = ${literal(datamartId)} ${bound}`;
        const rows = await sql.query(`select * ${from} order by id desc ${limits(page)}`);
        const [count] = await sql.query(`select count(*) as total ${from}`);
        return { elements: rows.map(toWebhook), total: Number(count?.total) };
      }),

    get: (id) => db.read((sql) => getWebhook(sql, id)),

    create: (wanted, author) => {
      // before it is so: an end that comes right after it must know
      known.any = true;
      return db.write(async (sql) => {
        const { datamartId, documentImportId, name, url, events, secret, creationTs } = wanted;
        if (!(await isThere(sql, { datamartId, documentImportId }))) return null;
        const [count] = await sql.query(
          `select count(*) as total from webhook where datamart_id = ${literal(datamartId)}`,
        );
        if (Number(count?.total) >= MOST_WEBHOOKS) return 'TOO_MANY';
        const importId = documentImportId === null ? 'null' : literal(documentImportId);
        const [row] = await sql.query(
          `insert into webhook (id, datamart_id, document_import_id, name, url, events, enabled, secret, creation_ts)
           values (nextval('webhook_id'), ${literal(datamartId)}, ${importId}, $1, $2, $3, true, $4, ${literal(creationTs)})
           returning *`,
          [name, url, JSON.stringify(events), secret],
        );
        const created = toWebhook(row as Row);
        const details = { document_import_id: documentImportId, events };
        await noteChange(sql, author, { ...changeOf(created), action: 'CREATE', details });
        return created;
      });
    },

    update: (id, change, author) =>
      db.write(async (sql) => {
        const before = await getWebhook(sql, id);
        if (!before) return null;
        const { documentImportId = before.documentImportId } = change;
        if (!(await isThere(sql, { datamartId: before.datamartId, documentImportId }))) return null;
        const given = parameters();
        const columns = {
          document_import_id: change.documentImportId,
          name: change.name,
          url: change.url,
          events: change.events && JSON.stringify(change.events),
          enabled: change.enabled,
          // whoever enables it has seen to it
          ...(change.enabled === undefined ? {} : { disabled_reason: null, failing_since: null }),
        };
        const casts = { document_import_id: 'bigint', enabled: 'boolean', failing_since: 'bigint' };
        const set = assignments(columns, given.add, casts);
        if (set.length === 0) return before;
        await sql.query(`update webhook set ${set.join(', ')} where id = ${literal(id)}`, given.values);
        if (change.enabled === false) await failPending(sql, id);
        const note = { ...changeOf(before), action: 'UPDATE' as const, details: membersOf(change) };
        await noteChange(sql, author, note);
        return getWebhook(sql, id);
      }),

    rotateSecret: (id, { secret, now, author }) =>
      db.write(async (sql) => {
        const [row] = await sql.query(
          `update webhook set previous_secret = secret, previous_secret_until = ${literal(now + ROTATION_MS)}, secret = $1
           where id = ${literal(id)} returning *`,
          [secret],
        );
        if (!row) return null;
        const rotated = toWebhook(row);
        await noteChange(sql, author, { ...changeOf(rotated), action: 'ROTATE_SECRET' });
        return rotated;
      }),

    remove: (id, author) =>
      db.write(async (sql) => {
        const removed = await getWebhook(sql, id);
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

async function getWebhook(sql: Sql, id: string): Promise<Webhook | null> {
  const [row] = await sql.query(`select * from webhook where id = ${literal(id)}`);
  return row ? toWebhook(row) : null;
}

/** Without its secrets. */
function toWebhook(row: Row): Webhook {
  return {
    id: String(row.id),
    datamartId: String(row.datamart_id),
    documentImportId: textOrNull(row.document_import_id),
    name: textOrNull(row.name),
    url: String(row.url),
    events: JSON.parse(String(row.events)) as Webhook['events'],
    enabled: Boolean(row.enabled),
    disabledReason: textOrNull(row.disabled_reason),
    creationTs: Number(row.creation_ts),
  };
}
