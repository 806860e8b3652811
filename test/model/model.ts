import type { RejectionCode } from '../../src/model/command.ts';
import { namedBy } from './named-users.ts';
import {
  type ModelCatalogue,
  type ModelCommand,
  type ModelIdentifier,
  type ModelRecord,
  Refused,
  readCommand,
} from './read-command.ts';

export type ModelMembership = {
  readonly creationTs: number;
  readonly lastModifiedTs: number;
  readonly expirationTs: number | null;
  readonly dataBag: string | null;
};

export type ModelUser = {
  readonly creationTs: number;
  readonly identifiers: ModelIdentifier[];
  /** By segment id; expired ones stay until they are replaced. */
  readonly memberships: Map<string, ModelMembership>;
};

export type ModelOutcome = {
  readonly successes: number;
  readonly failures: readonly { readonly line: number; readonly code: RejectionCode }[];
  /** (command, segment) pairs of the commands that were applied. */
  readonly pairs: number;
  readonly userPointsCreated: number;
  /** Users and segments that the applied commands named, as far as the users are known. */
  readonly named: readonly { readonly user: ModelUser; readonly segmentId: string }[];
  readonly segmentIds: ReadonlySet<string>;
  /** Memberships that a replacement leaves since a failed record names their users. */
  readonly kept?: number;
};

export type ModelSize = {
  readonly userPoints: number;
  readonly userAccounts: number;
  readonly emails: number;
  readonly userAgents: number;
};

/**
 * Spec §5 in the plainest way there is: one command after the other, one map of users. An
 * independent reading of the spec, so it shares nothing with `src/import` but the list of codes.
 */
export class Model {
  /** By `keyOf` an identifier. Two keys can lead to one user. */
  readonly #users = new Map<string, ModelUser>();

  /** The same users, apart from here on. */
  copy(): Model {
    const copies = new Map<ModelUser, ModelUser>();
    const copied = new Model();
    for (const [key, user] of this.#users) {
      const { creationTs, identifiers, memberships } = user;
      const copy = copies.get(user) ?? {
        creationTs,
        identifiers: [...identifiers],
        memberships: new Map(memberships),
      };
      copies.set(user, copy);
      copied.#users.set(key, copy);
    }
    return copied;
  }

  /** Every identifier that is known, once. */
  identifiers(): readonly ModelIdentifier[] {
    return [...new Set(this.#users.values())].flatMap((user) => user.identifiers);
  }

  users(): Iterable<ModelUser> {
    return new Set(this.#users.values());
  }

  find(identifier: ModelIdentifier): ModelUser | null {
    return this.#users.get(keyOf(identifier)) ?? null;
  }

  execute(records: readonly ModelRecord[], catalogue: ModelCatalogue, startDate: number): ModelOutcome {
    const failures: { line: number; code: RejectionCode }[] = [];
    let pairs = 0;
    let userPointsCreated = 0;
    const named: { user: ModelUser; segmentId: string }[] = [];
    const segmentIds = new Set<string>();
    for (const record of records) {
      try {
        const command = readCommand(record, catalogue, startDate);
        if (this.#apply(command, startDate) === 'CREATED') userPointsCreated += 1;
        pairs += command.targets.size;
        const user = this.find(command.identifier);
        for (const segmentId of command.targets.keys()) {
          segmentIds.add(segmentId);
          if (user !== null) named.push({ user, segmentId });
        }
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        failures.push({ line: record.line, code: error.code });
      }
    }
    const successes = records.length - failures.length;
    return { successes, failures, pairs, userPointsCreated, named, segmentIds };
  }

  /** Executes a file after which some segments hold its users alone; null: those it names. */
  replace(
    file: { records: readonly ModelRecord[]; catalogue: ModelCatalogue; startDate: number },
    segmentIds: readonly string[] | null,
  ): ModelOutcome {
    const { records, catalogue, startDate } = file;
    const before = this.copy();
    const outcome = this.execute(records, catalogue, startDate);
    const failed = new Set(outcome.failures.map(({ line }) => line));
    const failedNames = records
      .filter(({ line }) => failed.has(line))
      .map((record) => namedBy(record, catalogue))
      .map((names) => ({ ...names, users: names.identifiers.map((identifier) => this.find(identifier)) }));
    const isKept = (user: ModelUser, segmentId: string) =>
      failedNames.some(
        ({ users, segmentIds: ids }) => users.includes(user) && (ids === null || ids.has(segmentId)),
      );
    let kept = 0;
    for (const segmentId of segmentIds ?? outcome.segmentIds) {
      const named = new Set(
        outcome.named.filter((each) => each.segmentId === segmentId).map(({ user }) => user),
      );
      for (const user of this.users()) {
        const [first] = user.identifiers;
        const was = first && before.find(first)?.memberships.get(segmentId);
        const is = user.memberships.get(segmentId);
        if (!named.has(user) && isLive(is, startDate) && isKept(user, segmentId)) kept += 1;
        else if (!named.has(user)) user.memberships.delete(segmentId);
        else if (isLive(was, startDate) && is !== undefined && staysTheSame(was, is))
          user.memberships.set(segmentId, was);
      }
    }
    return { ...outcome, kept };
  }

  /** Makes an unknown identifier lead to the user of a known one. */
  attach(identifier: ModelIdentifier, to: ModelIdentifier): void {
    const user = this.find(to);
    if (user === null || this.find(identifier) !== null) throw new Error('nothing to attach');
    user.identifiers.push(identifier);
    this.#users.set(keyOf(identifier), user);
  }

  /** Removes a user with all identifiers and memberships. */
  erase(identifier: ModelIdentifier): void {
    const user = this.find(identifier);
    for (const known of user?.identifiers ?? []) this.#users.delete(keyOf(known));
  }

  removeSegment(id: string): void {
    for (const user of this.#users.values()) user.memberships.delete(id);
  }

  /** Live members of a segment at `now`. */
  sizeOf(segmentId: string, now: number): ModelSize {
    const members = [...new Set(this.#users.values())].filter((user) =>
      isLive(user.memberships.get(segmentId), now),
    );
    const having = (kind: ModelIdentifier['kind']) =>
      members.filter((user) => user.identifiers.some((identifier) => identifier.kind === kind)).length;
    return {
      userPoints: members.length,
      userAccounts: having('USER_ACCOUNT'),
      emails: having('USER_EMAIL'),
      userAgents: having('USER_AGENT'),
    };
  }

  #apply(command: ModelCommand, startDate: number): 'CREATED' | 'KNOWN' {
    const key = keyOf(command.identifier);
    const known = this.#users.get(key);
    if (command.operation === 'DELETE') {
      for (const segmentId of command.targets.keys()) known?.memberships.delete(segmentId);
      return 'KNOWN';
    }
    const user = known ?? {
      creationTs: startDate,
      identifiers: [command.identifier],
      memberships: new Map<string, ModelMembership>(),
    };
    this.#users.set(key, user);
    for (const [segmentId, expirationTs] of command.targets) {
      const present = user.memberships.get(segmentId);
      const before = isLive(present, startDate) ? present : undefined;
      user.memberships.delete(segmentId);
      if (expirationTs !== null && expirationTs <= startDate) continue;
      const kept = command.dataBag === 'KEEP' ? (before?.dataBag ?? null) : null;
      user.memberships.set(segmentId, {
        creationTs: before?.creationTs ?? startDate,
        lastModifiedTs: startDate,
        expirationTs,
        dataBag: typeof command.dataBag === 'object' ? command.dataBag.text : kept,
      });
    }
    return known === undefined ? 'CREATED' : 'KNOWN';
  }
}

/** Whether it goes on with the same expiry and data bag. */
function staysTheSame(was: ModelMembership, is: ModelMembership): boolean {
  return (
    was.creationTs === is.creationTs && was.expirationTs === is.expirationTs && was.dataBag === is.dataBag
  );
}

/** Whether there is a membership and it has not expired at `now`. */
export function isLive(membership: ModelMembership | undefined, now: number): membership is ModelMembership {
  if (membership === undefined) return false;
  return membership.expirationTs === null || membership.expirationTs > now;
}

export function keyOf({ kind, compartment, value }: ModelIdentifier): string {
  return JSON.stringify([kind, compartment, value]);
}
