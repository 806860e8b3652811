import { type Folded, foldRecords } from './fold-records.ts';
import type { Run } from './run.ts';
import { recordsOf } from './run.ts';
import { RECORD_KIND } from './run-format.ts';
import { compareKeys, type RunKey } from './run-key.ts';
import { keyOf, type RecordAt, type RunMembership } from './run-record.ts';
import type { RunWriter } from './run-writer.ts';

/** Goes through the records of a run in their order. */
class Cursor {
  readonly #run: Run;
  #block = 0;
  #records: Iterator<RecordAt> = [][Symbol.iterator]();
  record: RecordAt | null = null;
  key: RunKey = [0, 0, 0, 0];

  constructor(run: Run) {
    this.#run = run;
    this.next();
  }

  next(): void {
    for (;;) {
      const { done, value } = this.#records.next();
      if (!done) {
        this.record = value;
        this.key = keyOf(value);
        return;
      }
      if (this.#block === this.#run.blocks) {
        this.record = null;
        return;
      }
      this.#records = recordsOf(this.#run.readBlock(this.#block++));
    }
  }
}

type Keep = (membership: Extract<RunMembership, { left: false }>) => boolean;

/**
 * Each key of some runs, the newest first, with its records, the newest first; `isOldest`: only the
 * oldest run has it.
 */
export function* recordsByKey(
  runs: readonly Run[],
): Generator<{ readonly key: RunKey; readonly records: readonly RecordAt[]; readonly isOldest: boolean }> {
  const cursors = runs.map((run) => new Cursor(run));
  const oldest = cursors.at(-1);
  for (;;) {
    let key: RunKey | null = null;
    for (const cursor of cursors)
      if (cursor.record !== null && (key === null || compareKeys(cursor.key, key) < 0)) key = cursor.key;
    if (key === null) return;
    const records: RecordAt[] = [];
    let last: Cursor | null = null;
    for (const cursor of cursors) {
      if (cursor.record === null || compareKeys(cursor.key, key) !== 0) continue;
      records.push(cursor.record);
      last = cursor;
      cursor.next();
    }
    yield { key, records, isOldest: records.length === 1 && last === oldest };
  }
}

/** Some 0.1 ms. */
const RECORDS_PER_STEP = 100;

/**
 * Writes one run that says what some runs say, the newest first, which have nothing between them.
 * `base`: the oldest of them is the base, and so is what comes of it: what was left and who was
 * erased go out, and memberships that are not to be kept, where there may be any. The caller can do
 * something else between two steps of the generator.
 */
export function* mergeRuns(
  runs: readonly Run[],
  writer: RunWriter,
  base: { readonly keep: Keep | null } | null,
): Generator<void, void> {
  let steps = 0;
  for (const { key, records, isOldest } of recordsByKey(runs)) {
    const isAsItIs = records.length === 1 && (base === null || (isOldest && base.keep === null));
    if (isAsItIs) writer.copy(key, records[0] as RecordAt);
    else writeFolded(key, records, writer, base);
    if (++steps % RECORDS_PER_STEP === 0) yield;
  }
}

function writeFolded(
  key: RunKey,
  records: readonly RecordAt[],
  writer: RunWriter,
  base: { readonly keep: Keep | null } | null,
): void {
  const folded = foldRecords(records);
  if (folded.kind === 'ALIAS') writer.alias(key, folded.point);
  else if (folded.kind === 'USER') writeUser(key, folded, writer, base);
  else if (base === null) writer.erased(key);
}

function writeUser(
  key: RunKey,
  folded: Extract<Folded, { kind: 'USER' }>,
  writer: RunWriter,
  base: { readonly keep: Keep | null } | null,
): void {
  const kind = folded.isAnew && base === null ? RECORD_KIND.USER_ANEW : RECORD_KIND.USER;
  const [k0, k1, k2, k3] = key;
  writer.beginUser(k0, k1, k2, k3, folded.datamartId, kind);
  for (const each of folded.memberships) {
    if (each.left) {
      if (base === null) writer.left(each.segmentId);
    } else if (base?.keep?.(each) ?? true) {
      const { segmentId, creationTs, lastModifiedTs, expirationTs, dataBag } = each;
      writer.membership(segmentId, creationTs, lastModifiedTs, expirationTs, dataBag);
    }
  }
  writer.end();
}
