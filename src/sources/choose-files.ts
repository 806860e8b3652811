import type { MimeType } from '../model/records.ts';
import { isSameVersion, type SeenFile, type SourceFile, type SourceSettings } from '../model/source.ts';
import { isOfOtherFormat, matcherOf } from './file-names.ts';
import type { ListedFile } from './source-driver.ts';

/** What is to be done with a file that a source shows, as far as its name and version tell. */
export type Choice =
  | { readonly type: 'TAKE' }
  /** It was taken, and is still to be moved or deleted. */
  | { readonly type: 'PUT_AWAY'; readonly known: SourceFile }
  | { readonly type: 'PASS'; readonly reason: string };

export type ChoosingBy = {
  readonly settings: SourceSettings;
  readonly mimeType: MimeType;
  /** Whether files that were refused are tried again. */
  readonly retriesRefused: boolean;
};

/**
 * What decides about the files of a source; `known` is what last became of a file of the same name.
 */
export function createChooser({ settings, mimeType, retriesRefused }: ChoosingBy) {
  const { pattern, after, afterFolder } = settings;
  const matches = matcherOf(pattern);
  const isPutAway = (name: string) => after === 'move' && name.split('/').slice(0, -1).includes(afterFolder);
  return {
    /** Why a file is passed over by its name alone; null when it is not. */
    passesOver({ name, unfit }: ListedFile): string | null {
      if (isPutAway(name)) return `it lies in ${afterFolder}, where files go that were taken`;
      if (!matches(name)) return `its name does not match ${pattern}`;
      if (unfit !== null) return unfit;
      if (isOfOtherFormat(name, mimeType))
        return `its name says that it is not of the format of the import, ${mimeType}`;
      return null;
    },

    choose(file: SeenFile, known: SourceFile | null): Choice {
      if (known === null || !isSameVersion(known, file)) return { type: 'TAKE' };
      switch (known.status) {
        case 'TAKEN':
        case 'SAME':
          if (known.toPutAway && after !== 'leave') return { type: 'PUT_AWAY', known };
          return { type: 'PASS', reason: takenAs(known) };
        case 'REFUSED':
          return retriesRefused
            ? { type: 'TAKE' }
            : { type: 'PASS', reason: `it was refused, and has not changed since: ${known.reason}` };
        case 'FAILED':
        case 'DRY_RUN':
          return { type: 'TAKE' };
      }
    },
  };
}

export function takenAs({ status, executionId }: SourceFile): string {
  return status === 'TAKEN'
    ? `it was taken as execution ${executionId}`
    : `it holds what execution ${executionId} took under this name`;
}

/** Compares files by the order in which they are taken. */
export function byOrder(order: SourceSettings['order']): (a: SeenFile, b: SeenFile) => number {
  const byName = (a: SeenFile, b: SeenFile) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  if (order === 'name') return byName;
  return (a, b) => (a.modifiedTs ?? 0) - (b.modifiedTs ?? 0) || byName(a, b);
}
