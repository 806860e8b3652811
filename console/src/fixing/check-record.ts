import { isRejection } from '../../../src/import/document-format.ts';
import type { Catalogue } from '../../../src/model/catalogue.ts';
import type { Mapping } from '../../../src/model/mapping.ts';
import { readSample } from '../preview/read-sample.ts';
import { type FailedForm, type RecordContent, writeRecords } from './failed-records.ts';

/** Why a record would fail; null: it would be applied. */
export type Fault = { readonly code: string; readonly message: string } | null;

/** What the records of an execution are read against. */
export type CheckedAgainst = {
  readonly form: FailedForm;
  readonly catalogue: Catalogue;
  readonly mapping: Mapping | null;
  /** Of a list of users its segment. */
  readonly userListOf: string | undefined;
};

/**
 * Reads a record as the service would read it. By itself: what is broken in one must not swallow
 * the next. Records are kept with what was found, as long as they are the same objects.
 */
export function createCheck(of: CheckedAgainst): (content: RecordContent) => Fault {
  const found = new WeakMap<RecordContent, { readonly fault: Fault }>();
  return (content) => {
    const known = found.get(content);
    if (known !== undefined) return known.fault;
    const fault = check(content, of);
    found.set(content, { fault });
    return fault;
  };
}

function check(content: RecordContent, { form, catalogue, mapping, userListOf }: CheckedAgainst): Fault {
  const text = writeRecords(form, [{ line: 1, content }], 'WITH_LINE');
  const { refusal, records } = readSample(
    { bytes: new TextEncoder().encode(text), isWhole: true },
    {
      // what failed of a Parquet file is NDJSON
      mimeType: form.format === 'CSV' ? 'TEXT_CSV' : 'APPLICATION_X_NDJSON',
      ...{ mapping, catalogue, userListOf, now: Date.now() },
    },
  );
  if (refusal !== null) return refusal;
  const failed = records.map(({ outcome }) => outcome).find(isRejection) ?? null;
  // what is broken in an object says more than how many pieces it falls into
  if (records.length === 1 || (failed !== null && form.format === 'NDJSON')) return failed;
  const code = form.format === 'CSV' ? 'INVALID_CSV' : 'INVALID_JSON';
  return { code, message: `one record was expected, got ${records.length}` };
}
