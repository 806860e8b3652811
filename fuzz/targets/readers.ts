import fc from 'fast-check';
import { ndjsonFormat } from '../../src/import/ndjson.ts';
import { assertSame, formatOf } from '../../test/import/both-ways.ts';
import { SOME_NAMES, spoiltFile } from '../../test/properties/mutations.ts';
import { FORMATS, splittingProperties } from '../../test/properties/splitting.ts';
import { pure } from '../target.ts';

const blockBytes = fc.oneof(fc.constantFrom(1, 7, 64, 500, 1 << 20), fc.integer({ min: 1, max: 2_000 }));
const [NDJSON, CSV] = FORMATS;

/** Bytes to records and to commands, by the plain reader and by the reference parser. */
export const ndjson = pure(
  ...splittingProperties(NDJSON).map(({ property }) => property),
  fc.property(spoiltFile('NDJSON', SOME_NAMES), blockBytes, (document, bytes) => {
    assertSame(ndjsonFormat, document, bytes);
  }),
);

export const csv = pure(
  ...splittingProperties(CSV).map(({ property }) => property),
  fc.property(spoiltFile('CSV', SOME_NAMES), blockBytes, (document, bytes) => {
    const format = formatOf(document);
    if (format !== null) assertSame(format, document, bytes);
  }),
);
