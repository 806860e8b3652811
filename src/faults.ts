import {
  DocumentsUnreachableError,
  ParseThreadError,
  ServiceError,
  StoreUnreachableError,
} from './errors.ts';

/** What a fault comes from, where that decides what is done about it. */
export type FaultKind = 'DISK_FULL' | 'READ_ONLY' | 'NO_HANDLES' | 'NO_MEMORY' | 'NO_DOCUMENTS' | 'NO_STORE';

const BY_ERRNO: Readonly<Record<string, FaultKind>> = {
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
  EROFS: 'READ_ONLY',
  ERR_WORKER_OUT_OF_MEMORY: 'NO_MEMORY',
  EMFILE: 'NO_HANDLES',
  ENFILE: 'NO_HANDLES',
};

/** DuckDB has no codes: its messages end in what the system says of the same faults. */
const BY_MESSAGE: readonly (readonly [RegExp, FaultKind])[] = [
  [/No space left on device|Disk quota exceeded/, 'DISK_FULL'],
  [/Read-only file system/, 'READ_ONLY'],
  [/Too many open files/, 'NO_HANDLES'],
  [
    /^Out of Memory Error|failed to offload data block|could not allocate block|failed to allocate data|failed to pin block/,
    'NO_MEMORY',
  ],
];

/** The kind of a fault of the machine, or of what it keeps its files in, null for any other. */
export function kindOfFault(fault: unknown): FaultKind | null {
  if (!(fault instanceof Error)) return null;
  if (fault instanceof ServiceError && fault.code === 'INSUFFICIENT_STORAGE') return 'DISK_FULL';
  if (fault instanceof DocumentsUnreachableError) return 'NO_DOCUMENTS';
  if (fault instanceof StoreUnreachableError) return 'NO_STORE';
  if (fault instanceof ParseThreadError) return kindOfFault(fault.cause);
  const { code } = fault as NodeJS.ErrnoException;
  const known = code === undefined ? undefined : BY_ERRNO[code];
  return known ?? BY_MESSAGE.find(([pattern]) => pattern.test(fault.message))?.[1] ?? null;
}
