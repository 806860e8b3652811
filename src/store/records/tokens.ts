import type { Author } from '../../model/audit.ts';
import { type ApiToken, TOKEN_FIELDS } from '../../model/token.ts';
import { HASH_PREFIX, isSameHash } from '../../model/token-hash.ts';
import type { TokenRecords } from '../access-records.ts';
import { noteChange } from './audit-log.ts';
import { type Database, literal, type Sql } from './database.ts';
import { listRows, tableOf } from './table.ts';

const tokens = tableOf('api_token', TOKEN_FIELDS);

export function tokenRecords(db: Database): TokenRecords {
  return {
    list: (page) => db.read((sql) => listRows(sql, { from: 'api_token', order: 'id', page }, tokens.read)),

    create: (token, author) => db.write((sql) => createToken(sql, token, author)),

    createFirst: (token, author) =>
      db.write(async (sql) => {
        const [any] = await sql.query('select 1 from api_token limit 1');
        return any ? null : createToken(sql, token, author);
      }),

    findByHash: (valueHash) =>
      db.read(async (sql) => {
        // by its beginning alone, so that no time tells how much of a hash is right
        const rows = await sql.query(
          `select * from api_token where substr(value_hash, 1, ${HASH_PREFIX}) = $1`,
          [valueHash.slice(0, HASH_PREFIX)],
        );
        const found = rows.find((row) => isSameHash(String(row.value_hash), valueHash));
        return found ? tokens.read(found) : null;
      }),

    whichExist: async (ids) => {
      if (ids.length === 0) return new Set();
      const rows = await db.read((sql) =>
        sql.query(`select id from api_token where id in (${ids.map(literal).join(', ')})`),
      );
      return new Set(rows.map((row) => String(row.id)));
    },

    markUsed: (id, now) =>
      db.write(async (sql) => {
        await sql.query(
          'update api_token set last_used_date = cast($2 as bigint) where id = cast($1 as bigint)',
          [id, now],
        );
      }),

    remove: (id, { now, author }) =>
      db.write(async (sql) => {
        // writes come one after the other, on all nodes: none of two sees the other's token as the
        // one that stays
        const admins = await sql.query(
          `select id, expiration_date is null as lasts from api_token
           where role = 'admin' and datamart_ids is null
             and (expiration_date is null or expiration_date > cast($1 as bigint))`,
          [now],
        );
        // one that lasts has to stay where there was one: others end by themselves
        const lasting = admins.filter(({ lasts }) => Boolean(lasts));
        const staying = lasting.length > 0 ? lasting : admins;
        if (staying.length === 1 && String(staying[0]?.id) === id) return 'LAST_ADMIN';
        const [row] = await sql.query('delete from api_token where id = cast($1 as bigint) returning *', [
          id,
        ]);
        if (!row) return null;
        const removed = tokens.read(row);
        const details = { name: removed.name };
        await noteChange(sql, author, { ...changeOf(id), action: 'DELETE', details });
        return removed;
      }),
  };
}

async function createToken(
  sql: Sql,
  { valueHash, ...token }: Parameters<TokenRecords['create']>[0],
  author: Author | undefined,
): Promise<ApiToken> {
  const created = await tokens.insert(sql, { ...token, lastUsedDate: null }, { value_hash: valueHash });
  const { name, role, datamartIds } = created;
  const details = { name, role, datamart_ids: datamartIds };
  await noteChange(sql, author, { ...changeOf(created.id), action: 'CREATE', details });
  return created;
}

function changeOf(id: string) {
  return { resourceType: 'api_token', resourceId: id, datamartId: null } as const;
}
