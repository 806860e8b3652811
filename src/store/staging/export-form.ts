import type { ExportedKind, ExportMimeType } from '../../model/export.ts';
import { KIND_BIT } from '../../model/identifier.ts';
import { literal } from '../records/database.ts';

/** How DuckDB writes what a statement gives. */
export const WRITTEN: Readonly<Record<ExportMimeType, { readonly name: string; readonly form: string }>> = {
  TEXT_CSV: { name: 'export-csv', form: 'format csv, header true' },
  // a line is JSON text, which holds no control characters: written as it is, with a separator that
  // stands in none
  APPLICATION_X_NDJSON: {
    name: 'export-ndjson',
    form: "format csv, header false, delimiter '\u0002', quote '', escape ''",
  },
  APPLICATION_PARQUET: { name: 'export-parquet', form: 'format parquet, compression zstd' },
};

/** The condition that an identifier is of one of these kinds. */
export function kindsCondition(kinds: readonly ExportedKind[]): string {
  return kinds.map(conditionOf).join(' or ') || 'false';
}

function conditionOf({ kind, compartmentId }: ExportedKind): string {
  const condition = `kind = ${KIND_BIT[kind]}`;
  return compartmentId === null ? condition : `(${condition} and compartment_id = ${literal(compartmentId)})`;
}
