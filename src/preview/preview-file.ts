import type { KnownSegments } from '../import/mapping/suggest/column-choices.ts';
import { type Suggestion, suggestMapping } from '../import/mapping/suggest/suggest-mapping.ts';
import type { Catalogue } from '../model/catalogue.ts';
import type { Mapping } from '../model/mapping.ts';
import { type ReadSample, readSample, type SampleBytes, type SampleReading } from './read-sample.ts';
import { readRows, type SampleRows } from './sample-table.ts';

/** How many records of a sample are looked at. */
export const MAX_PREVIEWED_RECORDS = 50;

export type FilePreview = {
  readonly rows: SampleRows;
  readonly read: ReadSample;
  /** By which the sample was read. */
  readonly mapping: Mapping | null;
  /** Where a mapping was to be suggested, and the file can be read at all. */
  readonly suggestion: Suggestion | null;
};

/**
 * Says what the service would do with the first lines of a file: by the mapping, by none where it
 * is null, and where none is said by the one that is suggested. Pure.
 */
export function previewFile(
  start: SampleBytes,
  {
    mapping: asked,
    ...of
  }: Omit<SampleReading, 'mapping' | 'maxRecords'> & { readonly mapping: Mapping | null | undefined },
): FilePreview {
  const rows = readRows(start, of.mimeType, MAX_PREVIEWED_RECORDS);
  const suggested = asked === undefined ? suggestMapping(rows, knownSegments(of.catalogue)) : null;
  const mapping = asked ?? suggested?.mapping ?? null;
  // of NDJSON, where each line is parsed to be hashed, no more than is looked at
  const first =
    of.mimeType === 'TEXT_CSV' || rows.rows < MAX_PREVIEWED_RECORDS ? start : cut(start, rows.bytes);
  const read = readSample(first, { ...of, mapping, maxRecords: MAX_PREVIEWED_RECORDS });
  // what is no CSV or NDJSON at all has no columns
  const isForeign = read.refusal !== null && read.refusal.code !== 'INVALID_HEADER';
  return { rows, read, mapping, suggestion: isForeign ? null : suggested };
}

function cut({ bytes, isWhole }: SampleBytes, length: number): SampleBytes {
  return { bytes: bytes.subarray(0, length), isWhole: isWhole && length >= bytes.length };
}

function knownSegments({ segmentById, segmentByTechnicalName }: Catalogue): KnownSegments {
  return {
    hasId: (id) => segmentById.has(id),
    hasTechnicalName: (name) => segmentByTechnicalName.has(name),
  };
}
