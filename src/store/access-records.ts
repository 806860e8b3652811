import type { AuditAction, AuditEntry, AuditResource, Author, Change } from '../model/audit.ts';
import type { Erasure, Sought } from '../model/erasure.ts';
import type { Identifier } from '../model/identifier.ts';
import type { Listed, Page } from '../model/records.ts';
import type { ApiToken } from '../model/token.ts';

/** The parts of `Store` that are about who may do what, who did it, and who is forgotten. */

export interface TokenRecords {
  list(page: Page): Promise<Listed<ApiToken>>;
  /** `valueHash` is SHA-256 of the token's value, hex: the value itself is never stored. */
  create(
    token: Omit<ApiToken, 'id' | 'lastUsedDate'> & { valueHash: string },
    author?: Author,
  ): Promise<ApiToken>;
  /**
   * The same where there is no token at all, whoever else asks for the first one at this moment;
   * null where there is one.
   */
  createFirst(...of: Parameters<TokenRecords['create']>): Promise<ApiToken | null>;
  findByHash(valueHash: string): Promise<ApiToken | null>;
  /** Those of some tokens, by id, that there are. */
  whichExist(ids: readonly string[]): Promise<ReadonlySet<string>>;
  markUsed(id: string, now: number): Promise<void>;
  /**
   * Null: there is none. `'LAST_ADMIN'`: it stays, since no other admin token for all datamarts is
   * valid at `now`, and nobody could make one; of several removals at the same moment, one is
   * refused.
   */
  remove(id: string, by: { now: number; author?: Author }): Promise<ApiToken | 'LAST_ADMIN' | null>;
}

export type AuditFilter = {
  /** Those that may be seen: of these datamarts, and nothing that belongs to none. Null: all. */
  readonly datamartIds: readonly string[] | null;
  readonly datamartId?: string;
  readonly tokenId?: string;
  readonly action?: AuditAction;
  readonly resourceType?: AuditResource;
  readonly resourceId?: string;
  /** From this instant on, up to and without that one. */
  readonly from?: number;
  readonly to?: number;
};

export interface AuditRecords {
  /** Notes what is no change of a record: the others are noted by the calls that make them. */
  note(author: Author, change: Change): Promise<void>;
  /** Newest first. */
  list(of: { filter: AuditFilter; page: Page }): Promise<Listed<AuditEntry>>;
  /** Removes what is older; resolves to how many entries that were. */
  removeBefore(instant: number): Promise<number>;
}

/** What a store notes of a user that it removes. */
export type UserErased = {
  readonly datamartId: string;
  /** Whom to look for in files. */
  readonly sought: readonly Identifier[];
  /** How many identifiers and memberships were removed. */
  readonly known: number;
  readonly memberships: number;
  readonly now: number;
  readonly author?: Author;
};

/** What came of looking through the files of an execution, for one erasure. */
export type FilesChecked = {
  readonly erasureId: string;
  readonly filesRewritten: number;
  readonly linesRemoved: number;
};

export interface ErasureRecords {
  get(id: string): Promise<Erasure | null>;
  /** Newest first. */
  list(of: { datamartId: string; page: Page }): Promise<Listed<Erasure>>;
  /**
   * The next execution, by id after `afterExecutionId`, that has ended (or is gone) and whose files
   * pending erasures have to look through, with whom to look for. Null when there is none.
   */
  nextFiles(afterExecutionId: string): Promise<{ executionId: string; sought: readonly Sought[] } | null>;
  /**
   * Notes that its files were looked through for these erasures; one that has none left is DONE,
   * and knows nobody any more.
   */
  noteFiles(of: { executionId: string; checked: readonly FilesChecked[]; now: number }): Promise<void>;
}
