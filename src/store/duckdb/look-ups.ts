import {
  KIND_BIT,
  kindOfBit,
  type StoredIdentifier,
  type UuidHalves,
  userKey,
} from '../../model/identifier.ts';
import type { Membership } from '../../model/records.ts';
import { numberOrNull, type Row, textOrNull } from '../records/database.ts';
import type { Store } from '../store.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import type { UserPoints } from './merge-chunk.ts';

type LookUps = Pick<
  Store,
  'findUserPoint' | 'listMemberships' | 'listIdentifiers' | 'attachIdentifier' | 'removeExpired'
>;

/** What the embedded store answers from its two big tables. */
export function lookUps(db: DuckDbDatabase, points: UserPoints): LookUps {
  return {
    findUserPoint: (datamartId, selector) =>
      db.read(async (sql) => {
        const where =
          selector.by === 'identifier'
            ? isKey(userKey(datamartId, selector.identifier))
            : isPoint(selector.userPointId);
        const [row] = await sql.query(
          `select point_hi, point_lo from user_identifier where ${where} and datamart_id = ${BigInt(datamartId)} limit 1`,
        );
        return row ? { hi: row.point_hi as bigint, lo: row.point_lo as bigint } : null;
      }),

    listMemberships: ({ userPointId, now, page }) =>
      db.read(async (sql) => {
        // all of them, since a user is in few segments and a count would look for them a second time
        const rows = await sql.query(
          `select m.*, s.name, s.technical_name
           from membership m join segment s on s.id = m.segment_id
           where ${isPoint(userPointId)} and (m.expiration_ts is null or m.expiration_ts > ${Math.trunc(now)})
           order by m.segment_id`,
        );
        const { firstResult, maxResults } = page;
        return {
          elements: rows.slice(firstResult, firstResult + maxResults).map(toMembership),
          total: rows.length,
        };
      }),

    listIdentifiers: (userPointId) =>
      db.read(async (sql) => {
        const rows = await sql.query(
          `select * from user_identifier where ${isPoint(userPointId)} order by creation_ts, kind, compartment_id, value`,
        );
        return rows.map(toIdentifier);
      }),

    attachIdentifier: ({ datamartId, identifier, userPointId, now }) =>
      db.merge(async (sql) => {
        const key = userKey(datamartId, identifier);
        const known = await sql.query(`select 1 from user_identifier where ${isKey(key)}`);
        const [point] = await sql.query(
          `select point_kinds from user_identifier where ${isPoint(userPointId)} and datamart_id = ${BigInt(datamartId)} limit 1`,
        );
        if (known.length > 0 || !point) return false;
        const kinds = Number(point.point_kinds) | KIND_BIT[identifier.kind];
        points.areOwnKeys = false;
        await sql.query(
          `insert into user_identifier values (${key.hi}, ${key.lo}, ${userPointId.hi}, ${userPointId.lo}, ${kinds},
             ${BigInt(datamartId)}, ${KIND_BIT[identifier.kind]}, ${BigInt(identifier.compartmentId)}, $1, ${Math.trunc(now)})`,
          [identifier.value],
        );
        await sql.query(`update user_identifier set point_kinds = ${kinds} where ${isPoint(userPointId)}`);
        await sql.query(`update membership set point_kinds = ${kinds} where ${isPoint(userPointId)}`);
        return true;
      }),

    removeExpired: (now) =>
      db.merge(async (sql) => {
        // an execution takes for live what was live when it started
        const [running] = await sql.query(
          `select min(start_date) as start_date from execution where status = 'RUNNING'`,
        );
        const before = Math.min(now, numberOrNull(running?.start_date) ?? now);
        const [removed] = await sql.query(
          `delete from membership where expiration_ts <= ${Math.trunc(before)}`,
        );
        return Number(removed?.Count ?? 0);
      }),
  };
}

function isKey({ hi, lo }: UuidHalves): string {
  return `key_hi = ${hi} and key_lo = ${lo}`;
}

function isPoint({ hi, lo }: UuidHalves): string {
  return `point_hi = ${hi} and point_lo = ${lo}`;
}

function toMembership(row: Row): Membership {
  return {
    segmentId: String(row.segment_id),
    segmentName: String(row.name),
    segmentTechnicalName: textOrNull(row.technical_name),
    creationTs: Number(row.creation_ts),
    lastModifiedTs: Number(row.last_modified_ts),
    expirationTs: numberOrNull(row.expiration_ts),
    dataBag: textOrNull(row.data_bag),
  };
}

function toIdentifier(row: Row): StoredIdentifier {
  return {
    kind: kindOfBit(Number(row.kind)),
    compartmentId: String(row.compartment_id),
    value: String(row.value),
    creationTs: Number(row.creation_ts),
  };
}
