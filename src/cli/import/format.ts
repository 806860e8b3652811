import { UsageError } from '../failures.ts';
import type { Format } from './source.ts';

/** The format that a flag names, if it does. */
export function readFormat(given: string | undefined): Format | undefined {
  if (given === undefined || given === 'ndjson' || given === 'csv') return given;
  throw new UsageError(`--format: expected ndjson or csv, got ${JSON.stringify(given)}`);
}
