import type { UserSelector, UuidHalves } from '../../model/identifier.ts';
import type { ServingCounts } from '../serving-state.ts';
import { type Folded, foldRecords } from './fold-records.ts';
import { findRecord, type Run } from './run.ts';
import { PAGE } from './run-format.ts';
import { type RunKey, runKey } from './run-key.ts';
import type { RecordAt, RunMembership } from './run-record.ts';
import { SlowReads } from './slow-reads.ts';

/**
 * A run in its place: it says what the steps from `first` to `last` have changed; a base begins
 * with 0.
 */
export type PlacedRun = { readonly first: number; readonly last: number; readonly run: Run };

/** A membership as the runs know it; `dataBag` is JSON text. */
export type ServedMembership = Omit<Extract<RunMembership, { left: false }>, 'dataBag'> & {
  readonly dataBag: string | null;
};

/**
 * A user as the runs know one. Expired memberships may be among the others, and those of segments
 * that were removed.
 */
export type ServedUser = {
  readonly datamartId: number;
  readonly memberships: readonly ServedMembership[];
};

/** Blocks are nearly always of one page; larger ones get memory of their own. */
const SCRATCH_BYTES = 2 * PAGE;

/**
 * The runs that answer look-ups, the newest first. They answer while they are whole: from the base
 * on, and none of them damaged. A change of the list is one assignment, so that a look-up sees all
 * of a merge or nothing of it.
 */
export class ServingRuns {
  #runs: readonly PlacedRun[] = [];
  #isWhole = false;
  #held: Promise<void> | null = null;
  readonly #slowReads = new SlowReads();
  /**
   * What a look-up reads into, one for each record that it folds: new memory for each read costs
   * more than the read.
   */
  readonly #scratch: Buffer[] = [];
  readonly #onDamage: (damaged: Error) => void;
  readonly counts: ServingCounts = { lookUps: 0, aside: 0, asked: 0, skipped: 0, reads: 0, vain: 0 };

  /**
   * `onDamage`: a run cannot be read; the others do not answer either until there is another list.
   */
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

  /**
   * Has look-ups wait until the function that it gives is called: for a transaction by which an
   * execution ends. Others may see its commit before this process hears of it, and who is told
   * SUCCEEDED must find what was imported.
   */
  hold(): () => void {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#held = held;
    return () => {
      if (this.#held === held) this.#held = null;
      release();
    };
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
   * The user who is known by a key: that of a user point or of an identifier, as `by` says; null
   * when nobody is. `undefined`: the runs are not whole, the tables have to be asked.
   */
  async lookUp(key: UuidHalves, by: UserSelector['by']): Promise<ServedUser | null | undefined> {
    if (this.#held) await this.#held;
    const now = this.#lookUpNow(key, by);
    const user = now === 'ASIDE' ? await this.#lookUpAside(key, by) : now;
    if (user === undefined) this.counts.asked++;
    return user;
  }

  /**
   * As `lookUp`, without a wait; `undefined` also while look-ups wait for a commit, or a disk is
   * slow.
   */
  lookUpImmediately(key: UuidHalves, by: UserSelector['by']): ServedUser | null | undefined {
    if (this.#held) return undefined;
    const user = this.#lookUpNow(key, by);
    return user === 'ASIDE' ? undefined : user;
  }

  /** `'ASIDE'`: a read might wait for a slow disk. */
  #lookUpNow(key: UuidHalves, by: UserSelector['by']): ServedUser | null | undefined | 'ASIDE' {
    if (!this.#isWhole) return undefined;
    if (this.#slowReads.areLikely) return 'ASIDE';
    try {
      const folded = this.#find(runKey(key));
      const user = served(isAlias(folded, by) ? this.#find(folded.point) : folded);
      this.counts.lookUps++;
      return user;
    } catch (error) {
      return this.#damaged(error);
    }
  }

  async #lookUpAside(key: UuidHalves, by: UserSelector['by']): Promise<ServedUser | null | undefined> {
    this.#slowReads.noteAside();
    const runs = this.#runs;
    for (const { run } of runs) run.retain();
    try {
      const folded = await this.#findAside(runs, runKey(key));
      const user = served(isAlias(folded, by) ? await this.#findAside(runs, folded.point) : folded);
      this.counts.lookUps++;
      this.counts.aside++;
      return user;
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
      const scratch = this.#scratchFor(records.length);
      let record = findRecord(this.#read(run, block, scratch), key);
      while (record === null && run.mayGoOn(block, key))
        record = findRecord(this.#read(run, ++block, scratch), key);
      if (record === null) this.counts.vain++;
      else records.push(record);
    }
    return records.length === 0 ? null : foldRecords(records);
  }

  async #findAside(runs: readonly PlacedRun[], key: RunKey): Promise<Folded | null> {
    const found = await Promise.all(
      runs.map(async ({ run }) => {
        let block = run.blockOf(key);
        if (block < 0) {
          this.counts.skipped++;
          return null;
        }
        let record = findRecord(await this.#readAside(run, block), key);
        while (record === null && run.mayGoOn(block, key))
          record = findRecord(await this.#readAside(run, ++block), key);
        if (record === null) this.counts.vain++;
        return record;
      }),
    );
    const records = found.filter((record) => record !== null);
    return records.length === 0 ? null : foldRecords(records);
  }

  #scratchFor(record: number): Buffer {
    const scratch = this.#scratch[record] ?? Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    this.#scratch[record] = scratch;
    return scratch;
  }

  #read(run: Run, block: number, scratch: Buffer): Buffer {
    this.counts.reads++;
    if (run.inMemory) return run.readBlock(block);
    const start = performance.now();
    const bytes = run.readBlock(block, scratch);
    this.#slowReads.note(performance.now() - start);
    return bytes;
  }

  #readAside(run: Run, block: number): Promise<Buffer> {
    this.counts.reads++;
    return run.readBlockAside(block);
  }

  #damaged(error: unknown): undefined {
    if (!(error instanceof Error)) throw error;
    // look-ups that read at the same time find the same
    if (this.#isWhole) this.#onDamage(error);
    this.#isWhole = false;
    return undefined;
  }
}

/**
 * Whether a key leads to a user point: that of an identifier does, as an id of a user point it is
 * nobody's.
 */
function isAlias(
  folded: Folded | null,
  by: UserSelector['by'],
): folded is Extract<Folded, { kind: 'ALIAS' }> {
  return by === 'identifier' && folded?.kind === 'ALIAS';
}

/** Copies what is left of a user's records: the blocks they lie in are read into again. */
function served(folded: Folded | null): ServedUser | null {
  if (folded?.kind !== 'USER') return null;
  const memberships: ServedMembership[] = [];
  for (const each of folded.memberships) {
    if (each.left) continue;
    const { segmentId, left, creationTs, lastModifiedTs, expirationTs, dataBag } = each;
    const text = dataBag === null ? null : dataBag.toString('utf8');
    memberships.push({ segmentId, left, creationTs, lastModifiedTs, expirationTs, dataBag: text });
  }
  return { datamartId: folded.datamartId, memberships };
}
