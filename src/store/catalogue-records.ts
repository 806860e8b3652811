import type { Author } from '../model/audit.ts';
import type { Catalogue } from '../model/catalogue.ts';
import type {
  Compartment,
  CompartmentChange,
  CompartmentSelection,
  Datamart,
  DatamartChange,
} from '../model/datamart.ts';
import type { DocumentImport, DocumentImportChange, NewDocumentImport } from '../model/document-import.ts';
import type { DueEvent, DueRecord, ExpectingImport } from '../model/expected-files.ts';
import type { Listed, Page } from '../model/records.ts';
import type { NewSegment, Segment, SegmentChange } from '../model/segment.ts';

/**
 * The parts of `Store` that commands are checked against: datamarts, compartments, segments,
 * imports.
 */

export interface DatamartRecords {
  list(of: { ids: readonly string[] | null; page: Page }): Promise<Listed<Datamart>>;
  get(id: string): Promise<Datamart | null>;
  /**
   * Creates a datamart with `compartmentId` as its default compartment, or with a new compartment
   * of its own when null. Null when there is no such organisation or compartment; `'TOKEN_TAKEN'`
   * when the token is in use.
   */
  create(datamart: {
    organisationId: string;
    name: string;
    token: string;
    timeZone: string;
    compartmentId: string | null;
    now: number;
    author?: Author;
  }): Promise<Datamart | 'TOKEN_TAKEN' | null>;
  update(id: string, change: DatamartChange, author?: Author): Promise<Datamart | 'TOKEN_TAKEN' | null>;
  /**
   * Everything the commands of a file are checked against, read in one moment; null for an unknown
   * datamart.
   */
  catalogue(id: string): Promise<Catalogue | null>;
}

export interface CompartmentRecords {
  /**
   * Compartments of an organisation (all organisations when null) that these datamarts use (null:
   * used or not).
   */
  list(of: {
    organisationId: string | null;
    datamartIds: readonly string[] | null;
    page: Page;
  }): Promise<Listed<Compartment>>;
  /** Null also where none of `datamartIds` uses it; without them it is enough that it is there. */
  get(id: string, datamartIds?: readonly string[] | null): Promise<Compartment | null>;
  create(compartment: {
    organisationId: string;
    name: string;
    token: string;
    author?: Author;
  }): Promise<Compartment | 'TOKEN_TAKEN' | null>;
  update(id: string, change: CompartmentChange, author?: Author): Promise<Compartment | 'TOKEN_TAKEN' | null>;
  /** What a datamart has selected. */
  listSelections(datamartId: string, page: Page): Promise<Listed<CompartmentSelection>>;
  /**
   * Selects a compartment in a datamart, or changes its selection. Making it the default takes that
   * from the one that was; the default cannot be given up, only moved (`'NO_DEFAULT'`). Null:
   * unknown datamart or compartment.
   */
  select(selection: {
    datamartId: string;
    compartmentId: string;
    isDefault: boolean;
    author?: Author;
  }): Promise<CompartmentSelection | 'NO_DEFAULT' | null>;
}

export type SegmentFilter = {
  /** Null: all. */
  readonly datamartIds: readonly string[] | null;
  readonly organisationId?: string;
  readonly technicalName?: string;
  /** The name contains it, in any case. */
  readonly keywords?: string;
  readonly types?: readonly string[];
  /** Segments of a type that has no feed pass this filter. */
  readonly feedTypes?: readonly string[];
  readonly subtype?: string;
  readonly persisted?: boolean;
};

export const SEGMENT_ORDERS = [
  'id',
  'name',
  'technical_name',
  'type',
  'creation_ts',
  'last_modified_ts',
  'user_points_count',
  'user_accounts_count',
  'emails_count',
  'user_agents_count',
] as const;
export type SegmentOrder = { readonly by: (typeof SEGMENT_ORDERS)[number]; readonly descending: boolean };

export interface SegmentRecords {
  /** `now` decides which memberships count where the order is by size. */
  list(of: { filter: SegmentFilter; order: SegmentOrder; page: Page; now: number }): Promise<Listed<Segment>>;
  get(id: string): Promise<Segment | null>;
  create(segment: NewSegment, author?: Author): Promise<Segment | 'TECHNICAL_NAME_TAKEN'>;
  /**
   * Makes segments that files are imported into, of technical names that the file of an execution
   * gives: those that are not there. They are noted as created by the execution, and in the audit
   * log under who asked for the execution. False when `worker` no longer holds the execution, and
   * nothing is made.
   */
  createMissing(of: {
    executionId: string;
    worker: string;
    technicalNames: readonly string[];
    now: number;
  }): Promise<boolean>;
  update(
    id: string,
    change: SegmentChange,
    by: { now: number; author?: Author },
  ): Promise<Segment | 'TECHNICAL_NAME_TAKEN' | null>;
  /**
   * Removes the segment, its memberships, and the executions that import into it alone, but for one
   * that runs; its technical name is free again. Resolves to it and to the folders of documents
   * that nothing refers to any more.
   */
  remove(id: string, author?: Author): Promise<{ removed: Segment; folders: readonly string[] } | null>;
}

export interface DocumentImportRecords {
  /** Newest first. `keywords`: the name contains it, in any case. */
  list(of: { datamartId: string; keywords?: string; page: Page }): Promise<Listed<DocumentImport>>;
  get(id: string): Promise<DocumentImport | null>;
  create(documentImport: NewDocumentImport, author?: Author): Promise<DocumentImport>;
  /**
   * `'IN_USE'`: the type, mime type or encoding would change although there is an execution. What
   * came of due times is forgotten when the schedule begins anew, at another `sinceTs`.
   */
  update(
    id: string,
    change: DocumentImportChange,
    author?: Author,
  ): Promise<DocumentImport | 'IN_USE' | null>;
  /**
   * Removes an import and its executions, PENDING ones included; `'RUNNING'` while one runs.
   * Memberships stay. Resolves to the folders of the documents that nothing refers to any more.
   */
  remove(
    id: string,
    author?: Author,
  ): Promise<{ removed: DocumentImport; folders: readonly string[] } | 'RUNNING' | null>;

  /**
   * The imports that expect files, by id, with what is known of these; of all datamarts, or of
   * those that are named.
   */
  listExpecting(of: { datamartId?: string; ids?: readonly string[] }): Promise<readonly ExpectingImport[]>;
  /**
   * The imports that expect files with what came of their due times, by id, and nothing of the
   * files: a cheap query.
   */
  listDueRecords(): Promise<readonly Omit<ExpectingImport, 'files'>[]>;
  /**
   * Notes that the next due time of an import has passed, and makes the deliveries of what that
   * means, all in one step. `of` is as it was listed: null, and nothing is done, where it is not so
   * any more. `from` is the due time before. Where `isQuiet`, nobody is told.
   */
  passDueTime(of: {
    expecting: Omit<ExpectingImport, 'files'>;
    from: number;
    dueTs: number;
    now: number;
    isQuiet: boolean;
  }): Promise<{ record: DueRecord; events: readonly DueEvent[] } | null>;
}
