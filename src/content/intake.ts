import type { OpenIntake } from '../documents/receive.ts';
import { hashesColumns } from '../import/mapping/compile-mapping.ts';
import { openHasher } from '../import/mapping/hash-threads.ts';
import { decodeParquetInTurn } from './parquet/parquet-rows.ts';
import { createStartCheck } from './start/check-start.ts';
import { inUtf8 } from './start/utf16.ts';

/**
 * What every upload goes through before anything of it is kept: UTF-16 becomes UTF-8, the first
 * bytes are checked, Parquet becomes lines, and clear e-mail addresses become hashes.
 */
export const openIntake: OpenIntake = (expected, createSpool) => {
  const { mimeType, mapping = null, allowEmpty = true } = expected;
  const start = createStartCheck(expected);
  return {
    check: async function* (source) {
      for await (const chunk of inUtf8(source)) {
        start.take(chunk);
        yield chunk;
      }
      start.end();
    },
    toText:
      mimeType === 'APPLICATION_PARQUET'
        ? decodeParquetInTurn({ createSpool, mapping, allowEmpty })
        : (source) => source,
    openHasher: () => (hashesColumns(mapping) ? openHasher({ mapping, mimeType }) : null),
  };
};
