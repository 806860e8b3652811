import { UsageError } from './failures.ts';

/** The id of a record, as it was given. */
export function readId(given: string, name = 'ID'): string {
  if (/^\d+$/.test(given)) return given;
  throw new UsageError(`${name}: expected a decimal id, got ${JSON.stringify(given)}`);
}

/** A whole number from 1 on. */
export function readCount(name: string, given: string): number {
  const count = Number(given);
  if (/^\d+$/.test(given) && count >= 1 && Number.isSafeInteger(count)) return count;
  throw new UsageError(`${name}: expected a whole number from 1 on, got ${JSON.stringify(given)}`);
}
