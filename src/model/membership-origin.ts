import type { ChangeKind, MembershipChange } from './change.ts';

/** How a live membership came to be what it is, as far as that is known. */
export type MembershipOrigin = {
  readonly segmentId: string;
  readonly segmentName: string;
  readonly segmentTechnicalName: string | null;
  readonly creationTs: number;
} & Origin<MembershipChange>;

/** The changes of a membership that tell where it is from. */
export type Origin<Change> = {
  /** The line that put the user in. Null: it is not remembered. */
  readonly enteredBy: Change | null;
  /** The revert that put them back, where they had been taken out or had expired since then. */
  readonly restoredBy: Change | null;
  /**
   * The last one after these: a line, or a revert that gave the membership back an earlier expiry
   * or data bag.
   */
  readonly updatedBy: Change | null;
};

type Told = { readonly kind: ChangeKind; readonly date: number; readonly line: number | null };

/**
 * Finds among the changes of a live membership, the last one first, those that made it what it is.
 * A membership keeps its `creation_ts` when a revert puts it back, and that is the date of the
 * change that made it: so what first put the user in is found however often they went out and came
 * back since.
 */
export function originOf<Change extends Told>(
  creationTs: number,
  newestFirst: readonly Change[],
): Origin<Change> {
  const isLine = ({ date, line }: Change) => line !== null && date === creationTs;
  const entry =
    newestFirst.findLast((change) => change.kind === 'ENTERED' && isLine(change)) ??
    // taken out and put in again by one file: a new membership, and an update of the user's being
    // in
    newestFirst.findLast((change) => change.kind === 'UPDATED' && isLine(change));
  const cameIn = newestFirst.find(({ kind }) => kind === 'ENTERED');
  // only a revert puts anybody in without a line
  const restoredBy = cameIn !== undefined && cameIn.line === null ? cameIn : null;
  const [last] = newestFirst;
  const isUpdated = last?.kind === 'UPDATED' && last !== entry;
  return { enteredBy: entry ?? null, restoredBy, updatedBy: isUpdated ? last : null };
}
