import type { RejectionCode } from '../../src/model/command.ts';
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
};

export type ModelSize = {
  readonly userPoints: number;
  readonly userAccounts: number;
  readonly emails: number;
  readonly userAgents: number;
};

/**
 * Spec §5 in the plainest way there is: one command after the other, one map of users. An independent reading of the
 * spec, so it shares nothing with `src/import` but the list of codes.
 */
export class Model {
  /** By `keyOf` an identifier. Two keys can lead to one user. */
  readonly #users = new Map<string, ModelUser>();

  /** Every identifier that is known, once. */
  identifiers(): readonly ModelIdentifier[] {
    return [...new Set(this.#users.values())].flatMap((user) => user.identifiers);
  }

  find(identifier: ModelIdentifier): ModelUser | null {
    return this.#users.get(keyOf(identifier)) ?? null;
  }

  execute(records: readonly ModelRecord[], catalogue: ModelCatalogue, startDate: number): ModelOutcome {
    const failures: { line: number; code: RejectionCode }[] = [];
    let pairs = 0;
    let userPointsCreated = 0;
    for (const record of records) {
      try {
        const command = readCommand(record, catalogue, startDate);
        if (this.#apply(command, startDate) === 'CREATED') userPointsCreated += 1;
        pairs += command.targets.size;
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        failures.push({ line: record.line, code: error.code });
      }
    }
    return { successes: records.length - failures.length, failures, pairs, userPointsCreated };
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

/** Whether there is a membership and it has not expired at `now`. */
export function isLive(membership: ModelMembership | undefined, now: number): membership is ModelMembership {
  if (membership === undefined) return false;
  return membership.expirationTs === null || membership.expirationTs > now;
}

export function keyOf({ kind, compartment, value }: ModelIdentifier): string {
  return JSON.stringify([kind, compartment, value]);
}
