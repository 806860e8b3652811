import type { Author } from '../../model/audit.ts';
import type { ApiToken, Role } from '../../model/records.ts';
import { HASH_PREFIX, isSameHash } from '../../model/token-hash.ts';
import type { TokenRecords } from '../access-records.ts';
import { noteChange } from './audit-log.ts';
import { type Database, limits, literal, numberOrNull, type Row, type Sql } from './database.ts';

export function tokenRecords(db: Database): TokenRecords {
  return {
    list: (page) =>
      db.read(async (sql) => {
        const rows = await sql.query(`select * from api_token order by id ${limits(page)}`);
        const [count] = await sql.query('select count(*) as total from api_token');
        return { elements: rows.map(toToken), total: Number(count?.total) };
      }),

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
        return found ? toToken(found) : null;
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
        const removed = toToken(row);
        const details = { name: removed.name };
        await noteChange(sql, author, { ...changeOf(id), action: 'DELETE', details });
        return removed;
      }),
  };
}

async function createToken(
  sql: Sql,
  { name, role, datamartIds, creationDate, expirationDate, valueHash }: Parameters<TokenRecords['create']>[0],
  author: Author | undefined,
): Promise<ApiToken> {
  const [row] = await sql.query(
    `insert into api_token (id, name, role, datamart_ids, creation_date, expiration_date, last_used_date, value_hash)
     values (nextval('api_token_id'), $1, $2, $3, cast($4 as bigint), cast($5 as bigint), null, $6) returning *`,
    [name, role, datamartIds && JSON.stringify(datamartIds), creationDate, expirationDate, valueHash],
  );
  const created = toToken(row as Row);
  const details = { name, role, datamart_ids: datamartIds };
  await noteChange(sql, author, { ...changeOf(created.id), action: 'CREATE', details });
  return created;
}

function changeOf(id: string) {
  return { resourceType: 'api_token', resourceId: id, datamartId: null } as const;
}

function toToken(row: Row): ApiToken {
  return {
    id: String(row.id),
    name: String(row.name),
    role: String(row.role) as Role,
    datamartIds: row.datamart_ids === null ? null : (JSON.parse(String(row.datamart_ids)) as string[]),
    creationDate: Number(row.creation_date),
    expirationDate: numberOrNull(row.expiration_date),
    lastUsedDate: numberOrNull(row.last_used_date),
  };
}
