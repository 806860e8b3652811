import type { CompartmentRecords, DatamartRecords, DocumentImportRecords, SegmentRecords } from '../store.ts';

/** What is kept at most, of each kind; a catalogue may have thousands of segments. */
const MOST_KEPT = 200;

export type RememberedRecords = {
  readonly datamarts: DatamartRecords;
  readonly compartments: CompartmentRecords;
  readonly segments: SegmentRecords;
  readonly documentImports: DocumentImportRecords;
};

/**
 * Keeps in memory what every upload and every execution asks for: datamarts, document imports and catalogues. Only this
 * process has the file open, so what is kept is true until one of these records is written, and then all of it is
 * forgotten, before the write's caller hears of it. What was read during a write is not kept.
 */
export function rememberRecords(records: RememberedRecords): RememberedRecords {
  let writes = 0;
  const kept: Map<string, unknown>[] = [];

  function remembering<T>(read: (id: string) => Promise<T>): (id: string) => Promise<T> {
    const known = new Map<string, T>();
    kept.push(known);
    return async (id) => {
      const remembered = known.get(id);
      if (remembered !== undefined) return remembered;
      const writesBefore = writes;
      const found = await read(id);
      if (found === null || writes !== writesBefore) return found;
      if (known.size >= MOST_KEPT) known.clear();
      known.set(id, found);
      return found;
    };
  }

  function forgetting<A extends unknown[], T>(write: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
    return (...args) =>
      write(...args).finally(() => {
        writes += 1;
        for (const known of kept) known.clear();
      });
  }

  const { datamarts, compartments, segments, documentImports } = records;
  return {
    datamarts: {
      ...datamarts,
      get: remembering(datamarts.get),
      catalogue: remembering(datamarts.catalogue),
      create: forgetting(datamarts.create),
      update: forgetting(datamarts.update),
    },
    compartments: {
      ...compartments,
      create: forgetting(compartments.create),
      update: forgetting(compartments.update),
      select: forgetting(compartments.select),
    },
    segments: {
      ...segments,
      create: forgetting(segments.create),
      update: forgetting(segments.update),
      remove: forgetting(segments.remove),
    },
    documentImports: {
      ...documentImports,
      get: remembering(documentImports.get),
      create: forgetting(documentImports.create),
      update: forgetting(documentImports.update),
      remove: forgetting(documentImports.remove),
    },
  };
}
