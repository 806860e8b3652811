import { UsageError } from '../failures.ts';
import type { Format } from './source.ts';

/** The format that a flag names, if it does. */
export function readFormat(given: string | undefined): Format | undefined {
  if (given === undefined || given === 'ndjson' || given === 'csv' || given === 'parquet') return given;
  throw new UsageError(`--format: expected ndjson, csv or parquet, got ${JSON.stringify(given)}`);
}
