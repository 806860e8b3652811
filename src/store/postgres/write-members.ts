import { literal } from '../records/database.ts';
import { kindsCondition, WRITTEN } from '../staging/export-form.ts';
import type { Store } from '../store.ts';
import { whileNotAborted } from '../while-not-aborted.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import type { Scratch } from './scratch.ts';
import { scratchStatement, statement } from './staged-pairs.ts';

/**
 * The tables of identifiers, which are asked one after the other. Citus joins the memberships with
 * each on their shards; of both in one relation it would bring all users of the store to the
 * coordinator.
 */
const IDENTIFIERS = ['user_point', 'attached_identifier'];

/**
 * `Store.writeMembers`: the members leave PostgreSQL as they are, and the DuckDB of this node
 * writes the file from that.
 */
export function memberWriter(db: PostgresDatabase, scratch: Scratch): Store['writeMembers'] {
  return ({ segmentId, mimeType, kinds, file, now, signal }) =>
    scratch.withFile(async (members) => {
      const values = {
        segment_id: literal(segmentId),
        now: literal(Math.trunc(now)),
        kinds: kindsCondition(kinds),
      };
      const counts = await db.atOneMoment((sql) =>
        whileNotAborted(signal, sql, async () => {
          const copies = IDENTIFIERS.map((identifiers) =>
            statement('copy-members', { ...values, identifiers }),
          );
          await sql.copyOut(copies, members);
          return (await sql.query(statement('export-counts', values)))[0];
        }),
      );
      const { name, form } = WRITTEN[mimeType];
      const source = scratchStatement(name).replace('FILE', () => quoted(members));
      const [copied] = await scratch.use((sql) =>
        whileNotAborted(signal, sql, () => sql.query(`copy (${source}) to ${quoted(file)} (${form})`)),
      );
      return {
        members: Number(counts?.members),
        membersWithIdentifiers: Number(counts?.with_identifiers),
        identifiers: Number(copied?.Count),
      };
    });
}

function quoted(file: string): string {
  return `'${file.replaceAll("'", "''")}'`;
}
