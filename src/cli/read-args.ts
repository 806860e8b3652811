import { UsageError } from './failures.ts';

/** The id of a record, as it was given. */
export function readId(given: string, name = 'ID'): string {
  if (/^\d+$/.test(given)) return given;
  throw new UsageError(`${name}: expected a decimal id, got ${JSON.stringify(given)}`);
}

export const DAY_MS = 86_400_000;
/** A hundred years. */
export const MAX_DAYS = 36_500;

/** How many entries of a list can be asked for: they are held in memory. */
export const MOST_ENTRIES = 1_000_000;

/** A whole number from 1 to `most`. */
export function readCount(name: string, given: string, most: number): number {
  const count = Number(given);
  if (/^\d+$/.test(given) && count >= 1 && count <= most) return count;
  throw new UsageError(`${name}: expected a whole number from 1 to ${most}, got ${JSON.stringify(given)}`);
}

/** ISO 8601; what has no time zone is UTC. */
export function readInstant(name: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const hasTime = /T/.test(given);
  const instant = Date.parse(hasTime && !/(Z|[+-]\d\d:?\d\d)$/i.test(given) ? `${given}Z` : given);
  if (/^\d{4}-\d\d-\d\d/.test(given) && Number.isFinite(instant)) return instant;
  throw new UsageError(
    `${name}: expected a date such as 2026-01-31 or 2026-01-31T12:00, got ${JSON.stringify(given)}`,
  );
}
