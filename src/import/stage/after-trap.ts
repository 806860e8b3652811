import { PlainReaderTrap } from '../../errors.ts';
import type { Reader } from '../parse/part-parser.ts';

/** Told that the reader of plain lines trapped. */
export type OnReaderTrap = (trap: PlainReaderTrap) => void;

/**
 * Stages something, and once more by the reference parser alone if the reader of plain lines traps:
 * what had been staged before is worth nothing then, and `stage` has discarded it.
 */
export async function stageDespiteTrap<T>(
  stage: (reader: Reader) => Promise<T>,
  onTrap: OnReaderTrap | undefined,
): Promise<T> {
  try {
    return await stage('PLAIN');
  } catch (error) {
    if (!(error instanceof PlainReaderTrap)) throw error;
    onTrap?.(error);
    return stage('REFERENCE');
  }
}
