import { isLive, type Model, type ModelMembership, type ModelUser } from './model.ts';

type Pair = { readonly user: ModelUser; readonly segmentId: string };
type Change = Pair & {
  readonly before: ModelMembership | undefined;
  readonly after: ModelMembership | undefined;
};

/** How many memberships a revert puts back, sets back, takes out, and leaves as they are. */
export type ModelRevert = {
  created: number;
  updated: number;
  deleted: number;
  unchanged: number;
  kept: number;
};

/** What executions did to the memberships of a model, and how that goes back. */
export class Undo {
  readonly #changes = new Map<string, Change[]>();
  /** Which execution changed a membership last. */
  readonly #last = new Map<ModelUser, Map<string, string>>();
  readonly #reverted = new Set<string>();
  readonly #removedSegments = new Set<string>();

  /** Notes what an execution that started at `now` has done: the difference of two states. */
  note(executionId: string, { before, after, now }: { before: Model; after: Model; now: number }): void {
    const changes: Change[] = [];
    for (const user of after.users()) {
      const [first] = user.identifiers;
      const earlier = first === undefined ? null : before.find(first);
      for (const segmentId of new Set([...user.memberships.keys(), ...(earlier?.memberships.keys() ?? [])])) {
        const was = liveOrNone(earlier?.memberships.get(segmentId), now);
        const is = liveOrNone(user.memberships.get(segmentId), now);
        if (was !== is) changes.push({ user, segmentId, before: was, after: is });
      }
    }
    this.#add(executionId, changes);
  }

  removeSegment(id: string): void {
    this.#removedSegments.add(id);
  }

  /** Reverts an execution by another one that started at `now`. */
  revert(executionId: string, { by, now }: { by: string; now: number }): ModelRevert {
    const counts: ModelRevert = { created: 0, updated: 0, deleted: 0, unchanged: 0, kept: 0 };
    const changes: Change[] = [];
    for (const { user, segmentId, before, after } of this.#remembered(executionId)) {
      const isTouched = this.#last.get(user)?.get(segmentId) !== executionId;
      if (isTouched || (after !== undefined && !isLive(after, now))) {
        counts.kept += 1;
        continue;
      }
      const target = liveOrNone(before, now);
      if (target === undefined) user.memberships.delete(segmentId);
      else user.memberships.set(segmentId, target);
      if (target === undefined && after === undefined) counts.unchanged += 1;
      else if (target === undefined) counts.deleted += 1;
      else if (after === undefined) counts.created += 1;
      else counts.updated += 1;
      if (target !== after) changes.push({ user, segmentId, before: after, after: target });
    }
    this.#add(by, changes);
    this.#reverted.add(executionId);
    return counts;
  }

  canRevert(executionId: string): boolean {
    return !this.#reverted.has(executionId) && this.#remembered(executionId).length > 0;
  }

  #remembered(executionId: string): readonly Change[] {
    const changes = this.#changes.get(executionId) ?? [];
    return changes.filter(({ segmentId }) => !this.#removedSegments.has(segmentId));
  }

  #add(executionId: string, changes: Change[]): void {
    this.#changes.set(executionId, changes);
    for (const { user, segmentId } of changes) {
      const last = this.#last.get(user) ?? new Map<string, string>();
      this.#last.set(user, last.set(segmentId, executionId));
    }
  }
}

function liveOrNone(membership: ModelMembership | undefined, now: number): ModelMembership | undefined {
  return isLive(membership, now) ? membership : undefined;
}
