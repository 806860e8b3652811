import type { DocumentImport } from './document-import.ts';
import type { Expectation } from './expectation.ts';

/** How the files of an import that expects them come in, and what the last ones were. */

/**
 * What came of the due times so far. A file is an execution of the import that SUCCEEDED, no dry
 * run and no revert; it counts when it ends. One that ends while a file is late is the late one,
 * and no later due time has it.
 */
export type DueRecord = {
  /** The last due time that has passed; null: none has. */
  readonly dueTs: number | null;
  /** Whether it passed without its file. */
  readonly isLate: boolean;
  /** How many due times in a row before it had no file at all. */
  readonly missed: number;
};

export const NOTHING_DUE: DueRecord = { dueTs: null, isLate: false, missed: 0 };

export type DueEvent = 'document_import.late' | 'document_import.missing';

/** What a due time makes of a record; `files` is how many came since the one before it. */
export function passDueTime(
  record: DueRecord,
  { dueTs, files }: { readonly dueTs: number; readonly files: number },
): { readonly record: DueRecord; readonly events: readonly DueEvent[] } {
  const isMissing = record.isLate && files === 0;
  const isLate = files < (record.isLate ? 2 : 1);
  return {
    record: { dueTs, isLate, missed: isMissing ? record.missed + 1 : 0 },
    events: [
      ...(isMissing ? ['document_import.missing' as const] : []),
      ...(isLate ? ['document_import.late' as const] : []),
    ],
  };
}

/** A file that counts. */
export type ExpectedFile = {
  readonly executionId: string;
  readonly endTs: number;
  readonly commands: number;
  readonly failures: number;
};

/** So many files before one say what is usual. */
export const USUAL_FILES = 7;
/** With fewer nothing is usual yet. */
export const MIN_USUAL_FILES = 3;

/** The median of what the files before one had; null while they are too few. */
export function usualCommands(before: readonly Pick<ExpectedFile, 'commands'>[]): number | null {
  const sorted = before
    .slice(0, USUAL_FILES)
    .map(({ commands }) => commands)
    .sort((one, other) => one - other);
  if (sorted.length < MIN_USUAL_FILES) return null;
  const half = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = sorted.slice(sorted.length % 2 === 1 ? half : half - 1);
  return sorted.length % 2 === 1 ? low : (low + high) / 2;
}

export const FILE_PROBLEMS = ['UNUSUAL_SIZE', 'MANY_FAILURES'] as const;
export type FileProblem = (typeof FILE_PROBLEMS)[number];

/** What is not as expected of a file, by those before it, the newest first. */
export function problemsOf(
  { minCommands, maxChange, maxFailureRatio }: Expectation,
  { commands, failures }: Pick<ExpectedFile, 'commands' | 'failures'>,
  before: readonly Pick<ExpectedFile, 'commands'>[],
): readonly FileProblem[] {
  const usual = usualCommands(before);
  const isChanged = maxChange !== null && usual !== null && Math.abs(commands - usual) > maxChange * usual;
  const isSmall = minCommands !== null && commands < minCommands;
  const failsOften = maxFailureRatio !== null && failures > maxFailureRatio * commands;
  return [
    ...(isSmall || isChanged ? ['UNUSUAL_SIZE' as const] : []),
    ...(failsOften ? ['MANY_FAILURES' as const] : []),
  ];
}

/** An import that expects files, with what is known of them. */
export type ExpectingImport = {
  readonly documentImport: DocumentImport & { readonly expect: Expectation };
  readonly record: DueRecord;
  /** The last ones, the newest first, USUAL_FILES + 1 at most. */
  readonly files: readonly ExpectedFile[];
};

/**
 * WAITING: nothing has been due yet. CAME_LATE: the file that was late is there. MISSING: it is
 * late, and so was the one before it, which never came.
 */
export const EXPECTED_STATES = ['WAITING', 'ON_TIME', 'CAME_LATE', 'LATE', 'MISSING'] as const;
export type ExpectedState = (typeof EXPECTED_STATES)[number];

export function expectedState({ record, files }: Pick<ExpectingImport, 'record' | 'files'>): ExpectedState {
  if (record.dueTs === null) return 'WAITING';
  if (!record.isLate) return 'ON_TIME';
  if ((files[0]?.endTs ?? 0) > record.dueTs) return 'CAME_LATE';
  return record.missed > 0 ? 'MISSING' : 'LATE';
}

/** What is not as expected of the last file. */
export function lastProblems({ documentImport, files }: ExpectingImport): readonly FileProblem[] {
  const [last, ...before] = files;
  return last === undefined ? [] : problemsOf(documentImport.expect, last, before);
}
