import type { CompartmentSelection, Datamart, Segment } from '../../model/records.ts';
import type { CompartmentRecords, DatamartRecords, SegmentRecords } from '../store.ts';
import { SELECTIONS, toSelection } from './compartments.ts';
import type { Database } from './database.ts';
import { toDatamart } from './datamarts.ts';
import { toSegment } from './segments.ts';

/** The small records that every look-up needs, in memory until one of them is written. */
export interface KeptRecords {
  readonly getDatamart: DatamartRecords['get'];
  readonly getSegment: SegmentRecords['get'];
  readonly listSelections: CompartmentRecords['listSelections'];
  /** All segments, by id. */
  segments(): Promise<ReadonlyMap<string, Segment>>;
  /** `db` for those who write these records: what is kept is forgotten when a write is over, whichever way. */
  readonly noticing: Database;
}

/**
 * For a store that no other process writes to. A query as small as these takes about a millisecond of CPU, and a look-up
 * needs four of them before it comes to the user.
 */
export function keepRecords(db: Database): KeptRecords {
  const datamarts = keep(async () => {
    const rows = await db.read((sql) => sql.query('select * from datamart'));
    return byId(rows.map(toDatamart)) satisfies ReadonlyMap<string, Datamart>;
  });
  const segments = keep(async () => {
    const rows = await db.read((sql) => sql.query('select * from segment'));
    return byId(rows.map(toSegment)) satisfies ReadonlyMap<string, Segment>;
  });
  const selections = keep(async () => {
    const rows = await db.read((sql) => sql.query(`${SELECTIONS} order by s.id`));
    const byDatamart = new Map<string, CompartmentSelection[]>();
    for (const selection of rows.map(toSelection)) {
      const of = byDatamart.get(selection.datamartId);
      if (of) of.push(selection);
      else byDatamart.set(selection.datamartId, [selection]);
    }
    return byDatamart;
  });
  function forget(): void {
    for (const kept of [datamarts, segments, selections]) kept.forget();
  }

  return {
    getDatamart: async (id) => (await datamarts.get()).get(id) ?? null,
    getSegment: async (id) => (await segments.get()).get(id) ?? null,
    listSelections: async (datamartId, { firstResult, maxResults }) => {
      const all = (await selections.get()).get(datamartId) ?? [];
      return { elements: all.slice(firstResult, firstResult + maxResults), total: all.length };
    },
    segments: segments.get,
    noticing: {
      read: db.read,
      write: (work) => db.write(work).finally(forget),
      writeAlone: (work) => db.writeAlone(work).finally(forget),
    },
  };
}

/** Loads something when it is first asked for and keeps it. What was being loaded when it was forgotten is not kept. */
function keep<T>(load: () => Promise<T>): { get(): Promise<T>; forget(): void } {
  let known: Promise<T> | null = null;
  function forget(): void {
    known = null;
  }
  return {
    get: () => {
      if (known !== null) return known;
      const loading = load();
      known = loading;
      loading.catch(() => {
        if (known === loading) forget();
      });
      return loading;
    },
    forget,
  };
}

function byId<T extends { readonly id: string }>(records: readonly T[]): Map<string, T> {
  return new Map(records.map((record) => [record.id, record]));
}
