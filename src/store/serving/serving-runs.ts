import type { UserSelector, UuidHalves } from '../../model/identifier.ts';
import { type Folded, foldRecords } from './fold-records.ts';
import { findRecord, type Run } from './run.ts';
import { type RunKey, runKey } from './run-key.ts';
import type { RecordAt, RunMembership } from './run-record.ts';

/** A run in its place: it says what the steps from `first` to `last` have changed; a base begins with 0. */
export type PlacedRun = { readonly first: number; readonly last: number; readonly run: Run };

/** A user as the runs know one. Expired memberships may be among the others, and those of segments that were removed. */
export type ServedUser = {
  readonly datamartId: number;
  readonly memberships: readonly Extract<RunMembership, { left: false }>[];
};

/** How many look-ups were answered, and what they took. */
export type ServingCounts = {
  lookUps: number;
  /** Filters that said "not here". */
  skipped: number;
  /** Blocks that were read, and those that did not have the key. */
  reads: number;
  vain: number;
  /** Blocks that were read on another thread, since the disk is slow. */
  aside: number;
};

/** A read that takes so long was not answered by the cache of the system. */
const SLOW_READ_MS = 1;
/** So many reads after a slow one do not hold up the event loop. */
const READS_ASIDE = 256;

/**
 * The runs that answer look-ups, the newest first. They answer while they are whole: from the base on, and none of them
 * damaged. A change of the list is one assignment, so that a look-up sees all of a merge or nothing of it.
 */
export class ServingRuns {
  #runs: readonly PlacedRun[] = [];
  #isWhole = false;
  #readsAside = 0;
  readonly #onDamage: (damaged: Error) => void;
  readonly counts: ServingCounts = { lookUps: 0, skipped: 0, reads: 0, vain: 0, aside: 0 };

  /** `onDamage`: a run cannot be read; the others do not answer either until there is another list. */
  constructor(onDamage: (damaged: Error) => void) {
    this.#onDamage = onDamage;
  }

  get list(): readonly PlacedRun[] {
    return this.#runs;
  }

  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Takes a list, the newest first. Runs that are in it no more are closed. */
  replace(runs: readonly PlacedRun[]): void {
    const gone = this.#runs.filter((placed) => !runs.includes(placed));
    this.#runs = runs;
    this.#isWhole = runs.at(-1)?.first === 0;
    for (const { run } of gone) run.close();
  }

  /** Stops answering until there is another list. */
  distrust(): void {
    this.#isWhole = false;
  }

  /** Takes a run that is newer than all. */
  add(placed: PlacedRun): void {
    this.#runs = [placed, ...this.#runs];
  }

  close(): void {
    this.#isWhole = false;
    for (const { run } of this.#runs) run.close();
    this.#runs = [];
  }

  /**
   * The user who is known by a key: that of a user point or of an identifier, as `by` says; null when nobody is. `undefined`:
   * the runs are not whole, the tables have to be asked.
   */
  async lookUp(key: UuidHalves, by: UserSelector['by']): Promise<ServedUser | null | undefined> {
    const now = this.lookUpNow(key, by);
    return now === 'ASIDE' ? this.#lookUpAside(key, by) : now;
  }

  /** As `lookUp`, at once; `'ASIDE'`: a read might wait for a slow disk. */
  lookUpNow(key: UuidHalves, by: UserSelector['by']): ServedUser | null | undefined | 'ASIDE' {
    if (!this.#isWhole) return undefined;
    if (this.#readsAside > 0) return 'ASIDE';
    this.counts.lookUps++;
    try {
      const wanted = runKey(key);
      const folded = this.#find(wanted);
      return served(isAlias(folded, by) ? this.#find(folded.point) : folded);
    } catch (error) {
      return this.#damaged(error);
    }
  }

  async #lookUpAside(key: UuidHalves, by: UserSelector['by']): Promise<ServedUser | null | undefined> {
    this.counts.lookUps++;
    this.#readsAside--;
    this.counts.aside++;
    const runs = this.#runs;
    for (const { run } of runs) run.retain();
    try {
      const folded = await this.#findAside(runs, runKey(key));
      return served(isAlias(folded, by) ? await this.#findAside(runs, folded.point) : folded);
    } catch (error) {
      return this.#damaged(error);
    } finally {
      for (const { run } of runs) run.release();
    }
  }

  #find(key: RunKey): Folded | null {
    const records: RecordAt[] = [];
    for (const { run } of this.#runs) {
      let block = run.blockOf(key);
      if (block < 0) {
        this.counts.skipped++;
        continue;
      }
      let record = findRecord(this.#read(run, block), key);
      while (record === null && run.mayGoOn(block, key)) record = findRecord(this.#read(run, ++block), key);
      if (record === null) this.counts.vain++;
      else records.push(record);
    }
    return records.length === 0 ? null : foldRecords(records);
  }

  async #findAside(runs: readonly PlacedRun[], key: RunKey): Promise<Folded | null> {
    const found = await Promise.all(
      runs.map(async ({ run }) => {
        let block = run.blockOf(key);
        if (block < 0) return null;
        let record = findRecord(await run.readBlockAside(block), key);
        while (record === null && run.mayGoOn(block, key))
          record = findRecord(await run.readBlockAside(++block), key);
        return record;
      }),
    );
    const records = found.filter((record) => record !== null);
    return records.length === 0 ? null : foldRecords(records);
  }

  #read(run: Run, block: number): Buffer {
    this.counts.reads++;
    if (run.inMemory) return run.readBlock(block);
    const start = performance.now();
    const bytes = run.readBlock(block);
    if (performance.now() - start > SLOW_READ_MS) this.#readsAside = READS_ASIDE;
    return bytes;
  }

  #damaged(error: unknown): undefined {
    if (!(error instanceof Error)) throw error;
    this.#isWhole = false;
    this.#onDamage(error);
    return undefined;
  }
}

/** Whether a key leads to a user point: that of an identifier does, as an id of a user point it is nobody's. */
function isAlias(
  folded: Folded | null,
  by: UserSelector['by'],
): folded is Extract<Folded, { kind: 'ALIAS' }> {
  return by === 'identifier' && folded?.kind === 'ALIAS';
}

function served(folded: Folded | null): ServedUser | null {
  if (folded?.kind !== 'USER') return null;
  return {
    datamartId: folded.datamartId,
    memberships: folded.memberships.filter((each) => !each.left),
  };
}
