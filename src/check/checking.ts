import type { DocumentsHold, DocumentsToCheck } from '../documents/documents.ts';
import type { Execution } from '../model/execution.ts';
import type { StoreToCheck } from '../store/store.ts';

/** What is checked against each other. */
export type CheckSource = {
  readonly store: Omit<StoreToCheck, 'close'>;
  readonly documents: DocumentsToCheck;
  readonly clock: () => number;
};

/** An execution that is looked at, and where its files are. */
export type Looking = {
  readonly execution: Execution;
  readonly hold: DocumentsHold;
  /** Whether lines of an erased user may have been taken out of its files. */
  readonly mayBeRewritten: boolean;
};
