import { gather } from '../../gather.ts';
import type { CompartmentSelection } from '../../model/datamart.ts';
import type { Segment } from '../../model/segment.ts';
import type {
  CompartmentRecords,
  DatamartRecords,
  DocumentImportRecords,
  SegmentRecords,
} from '../catalogue-records.ts';
import { SELECTIONS, toSelection } from './compartments.ts';
import type { Database, Row, Sql } from './database.ts';
import { datamartRecords, datamartTable } from './datamarts.ts';
import { documentImportTable } from './document-import-rows.ts';
import { segmentTable } from './segments.ts';

/**
 * The small records that every look-up, upload and execution needs, in memory until one of them is
 * written.
 */
export interface KeptRecords {
  readonly getDatamart: DatamartRecords['get'];
  readonly catalogue: DatamartRecords['catalogue'];
  readonly getSegment: SegmentRecords['get'];
  readonly getDocumentImport: DocumentImportRecords['get'];
  readonly listSelections: CompartmentRecords['listSelections'];
  /** All segments, by id. */
  segments(): Promise<ReadonlyMap<string, Segment>>;
  /**
   * All segments and the compartments of a datamart, where they are in memory; undefined where not.
   */
  readonly inMemory: {
    segments(): ReadonlyMap<string, Segment> | undefined;
    selections(datamartId: string): readonly CompartmentSelection[] | undefined;
  };
  /**
   * Does `read`, which goes by what `assumed` gives, and once more when that is not so any more.
   * `read` may ask for the version beside what it asks, and tell it; otherwise it is asked for
   * afterwards. What comes is as of the call or later.
   */
  assuming<T>(read: (tellVersion: (version: string) => void) => Promise<T>): Promise<T>;
  /** The records as they are kept, for `assuming`. */
  readonly assumed: Pick<KeptRecords, 'getDatamart' | 'listSelections' | 'segments'>;
  /**
   * `db` for those who write these records: what is kept is forgotten when a write is over,
   * whichever way.
   */
  readonly noticing: Database;
}

/**
 * How the processes that write to a store tell each other that what they keep is not so any more.
 */
export type RecordVersions = {
  /** Another one after each write of these records. */
  readonly read: () => Promise<string>;
  /** For the transaction of a write. */
  readonly next: (sql: Sql) => Promise<void>;
};

/**
 * A query as small as these takes about a millisecond of CPU, and a look-up needs four of them
 * before it comes to the user. Where other processes write to the store too, `versions` is asked
 * each time; those who ask at the same time share a query.
 */
export function keepRecords(db: Database, versions: RecordVersions | null = null): KeptRecords {
  const datamarts = keep(() => readById(db, 'datamart', datamartTable.read));
  const segments = keep(() => readById(db, 'segment', segmentTable.read));
  const selections = keep(() => readSelections(db));
  const catalogues = keepEach(datamartRecords(db).catalogue);
  const documentImports = keepEach((id: string) => db.read((sql) => documentImportTable.get(sql, id)));
  function forget(): void {
    for (const kept of [datamarts, segments, selections, catalogues, documentImports]) kept.forget();
  }
  const { fresh, assuming } = followVersions(versions, forget);
  const assumed: KeptRecords['assumed'] = {
    getDatamart: async (id) => (await datamarts.get()).get(id) ?? null,
    listSelections: async (datamartId, { firstResult, maxResults }) => {
      const all = (await selections.get()).get(datamartId) ?? [];
      return { elements: all.slice(firstResult, firstResult + maxResults), total: all.length };
    },
    segments: segments.get,
  };

  return {
    getDatamart: fresh(assumed.getDatamart),
    getSegment: fresh(async (id) => (await segments.get()).get(id) ?? null),
    listSelections: fresh(assumed.listSelections),
    catalogue: fresh(catalogues.get),
    getDocumentImport: fresh(documentImports.get),
    segments: fresh(assumed.segments),
    inMemory: {
      segments: segments.peek,
      selections: (datamartId) => selections.peek()?.get(datamartId),
    },
    assuming,
    assumed,
    noticing: noticing(db, versions, forget),
  };
}

async function readById<T extends { readonly id: string }>(
  db: Database,
  table: string,
  read: (row: Row) => T,
): Promise<ReadonlyMap<string, T>> {
  const rows = await db.read((sql) => sql.query(`select * from ${table}`));
  return new Map(rows.map(read).map((record) => [record.id, record]));
}

async function readSelections(db: Database): Promise<ReadonlyMap<string, readonly CompartmentSelection[]>> {
  const rows = await db.read((sql) => sql.query(`${SELECTIONS} order by s.id`));
  const byDatamart = new Map<string, CompartmentSelection[]>();
  for (const selection of rows.map(toSelection)) {
    const of = byDatamart.get(selection.datamartId);
    if (of) of.push(selection);
    else byDatamart.set(selection.datamartId, [selection]);
  }
  return byDatamart;
}

/** Has what is kept forgotten when it is found that another process has written. */
function followVersions(
  versions: RecordVersions | null,
  forget: () => void,
): Pick<KeptRecords, 'assuming'> & {
  /** `get` of what is so at the time of the call. */
  fresh<Of extends unknown[], T>(get: (...of: Of) => Promise<T>): (...of: Of) => Promise<T>;
} {
  let known: string | null = null;
  const readVersion = gather<void, string>(
    async (asked) => {
      const version = (await versions?.read()) ?? '';
      return asked.map(() => version);
    },
    Number.POSITIVE_INFINITY,
    'ALL',
  );
  function forgetUnless(version: string): void {
    if (version !== known) forget();
    known = version;
  }
  async function forgetWhatIsOld(): Promise<void> {
    if (versions !== null) forgetUnless(await readVersion());
  }

  return {
    fresh:
      (get) =>
      (...of) =>
        versions === null ? get(...of) : forgetWhatIsOld().then(() => get(...of)),
    assuming: async (read) => {
      const before = known;
      let isTold = false;
      const tell = (version: string) => {
        isTold = true;
        forgetUnless(version);
      };
      const first = read(tell);
      // told below, or done again
      await first.catch(() => undefined);
      if (!isTold) await forgetWhatIsOld();
      return known === before ? first : read(tell);
    },
  };
}

/** `db` whose writes are told to the other processes, and have what is kept forgotten. */
function noticing(db: Database, versions: RecordVersions | null, forget: () => void): Database {
  const noticed =
    <T>(work: (sql: Sql) => Promise<T>) =>
    async (sql: Sql): Promise<T> => {
      const result = await work(sql);
      await versions?.next(sql);
      return result;
    };
  return {
    read: db.read,
    write: (work) => db.write(noticed(work)).finally(forget),
    writeAlone: (work) => db.writeAlone(noticed(work)).finally(forget),
  };
}

/**
 * Loads something when it is first asked for and keeps it. What was being loaded when it was
 * forgotten is not kept.
 */
function keep<T>(load: () => Promise<T>): {
  get(): Promise<T>;
  /** What is kept; undefined while it is not loaded. */
  peek(): T | undefined;
  forget(): void;
} {
  const { get, peek, forget } = keepEach(load);
  return { get: () => get(''), peek: () => peek(''), forget };
}

/** At most so many of a kind are kept; a catalogue may have thousands of segments. */
const MOST_KEPT = 200;

/** `keep` for things that have an id. */
function keepEach<T>(load: (id: string) => Promise<T>): {
  get(id: string): Promise<T>;
  peek(id: string): T | undefined;
  forget(): void;
} {
  const known = new Map<string, { readonly loading: Promise<T>; loaded?: T }>();
  return {
    get: (id) => {
      const kept = known.get(id);
      if (kept) return kept.loading;
      if (known.size >= MOST_KEPT) known.clear();
      const entry: { readonly loading: Promise<T>; loaded?: T } = { loading: load(id) };
      known.set(id, entry);
      entry.loading.then(
        (loaded) => {
          entry.loaded = loaded;
        },
        () => {
          if (known.get(id) === entry) known.delete(id);
        },
      );
      return entry.loading;
    },
    peek: (id) => known.get(id)?.loaded,
    forget: () => known.clear(),
  };
}
