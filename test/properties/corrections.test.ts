import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import Papa from 'papaparse';
import type { RejectionCode } from '../../src/model/command.ts';
import { errorFile, type Format, runFile, runs } from '../client.ts';
import { startService } from '../helper.ts';
import { type ErrorRecord, readErrorFile } from './error-file.ts';
import { csvFile, ndjsonFile } from './files.ts';
import { createWorld } from './world.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A command that can always be applied; what replaces a record that cannot be read at all. */
const SOUND: Fields = {
  operation: 'UPDATE',
  email_hash: 'corrected',
  segment_technical_name: 'alpha',
  expiration_duration: '0',
};

/** A command cannot have more wrong with it than there are codes for. */
const MOST_ROUNDS = 12;

for (const format of ['NDJSON', 'CSV'] as const) {
  const file = format === 'NDJSON' ? ndjsonFile(40) : csvFile(40);

  test(`${format}: an error file, corrected as often as it takes, is applied to the last record`, async (t) => {
    const service = await startService(t, { chunkRows: 7, chunkBytes: 4096 });
    await fc.assert(
      fc.asyncProperty(file, async (draft) => {
        const { datamartId, names } = await createWorld(service);
        const { records, ...written } = draft.write(names, Date.now());
        // a header alone may be refused
        if (records.length === 0) return;
        let bytes: string | Uint8Array = written.bytes;
        for (let round = 0; round < MOST_ROUNDS; round++) {
          const execution = await runFile(service, format, bytes, { datamartId });
          assert.equal(execution.status, 'SUCCEEDED');
          if (execution.result.total_failure === 0) return;
          const errors = readErrorFile(format, await errorFile(service, execution));
          bytes = write(format, errors.map(correct));
        }
        assert.fail(`there are still errors after ${MOST_ROUNDS} corrections:\n${bytes}`);
      }),
      { numRuns: runs(6) },
    );
  });

  test(`${format}: an error file sent again as it is fails for the same reasons`, async (t) => {
    const service = await startService(t, { chunkRows: 7, chunkBytes: 4096 });
    await fc.assert(
      fc.asyncProperty(file, async (draft) => {
        const { datamartId, names } = await createWorld(service);
        const { bytes, records } = draft.write(names, Date.now());
        if (records.length === 0) return;
        const first = await runFile(service, format, bytes, { datamartId });
        const text = await errorFile(service, first);
        if (text === '') return;
        // What could not be read stands in the error file as one text, which is no command.
        const unreadable = new Set(
          records
            .filter((record) => record.type === 'broken' && (record.isRaw || record.code !== 'INVALID_CSV'))
            .map((record) => record.line),
        );
        const errors = readErrorFile(format, text);
        const second = await runFile(service, format, text, { datamartId });
        const again = readErrorFile(format, await errorFile(service, second));
        assert.deepEqual(
          again.map(({ code }) => code),
          errors.map(({ line, code }) => (unreadable.has(line) ? 'INVALID_OPERATION' : code)),
          text,
        );
        const readable = (_: ErrorRecord, index: number) => !unreadable.has(errors[index]?.line ?? 0);
        assert.deepEqual(
          again.filter(readable).map(({ fields }) => fields),
          errors.filter(readable).map(({ fields }) => fields),
        );
      }),
      { numRuns: runs(6) },
    );
  });
}

/** Puts right what the code names, and nothing else. */
function correct({ code, fields }: ErrorRecord): Fields {
  const change = CURES[code as RejectionCode];
  assert.ok(change !== undefined, `no cure for ${code}`);
  if (fields === null || change === 'REPLACE') return SOUND;
  const named = Object.entries(fields).filter(([name]) => !name.startsWith('more '));
  return { ...Object.fromEntries(named), ...change };
}

const NO_COMPARTMENT = { compartment_id: null, compartment_token: null };
const ONE_IDENTIFIER = {
  ...NO_COMPARTMENT,
  user_account_id: null,
  email_hash: 'corrected',
  user_agent_id: null,
};
const ONE_SEGMENT = {
  segment_id: null,
  segment_ids: null,
  segment_technical_name: 'alpha',
  segment_technical_names: null,
};
const NO_EXPIRY = { expiration_ts: null, expiration_duration: '0' };

const CURES: Readonly<Record<RejectionCode, Fields | 'REPLACE'>> = {
  INVALID_ENCODING: 'REPLACE',
  LINE_TOO_LONG: 'REPLACE',
  INVALID_JSON: 'REPLACE',
  NOT_AN_OBJECT: 'REPLACE',
  INVALID_CSV: 'REPLACE',
  INVALID_TYPE: { ...ONE_IDENTIFIER, ...ONE_SEGMENT },
  INVALID_OPERATION: { operation: 'UPDATE' },
  MULTIPLE_IDENTIFIERS: ONE_IDENTIFIER,
  MISSING_IDENTIFIER: ONE_IDENTIFIER,
  CLEAR_EMAIL: { email_hash: 'corrected' },
  INVALID_ADDRESS: ONE_IDENTIFIER,
  MISSING_COMPARTMENT: ONE_IDENTIFIER,
  UNKNOWN_COMPARTMENT: NO_COMPARTMENT,
  MISSING_SEGMENT: ONE_SEGMENT,
  UNKNOWN_SEGMENT: ONE_SEGMENT,
  SEGMENT_NOT_IMPORTABLE: ONE_SEGMENT,
  SEGMENT_PAUSED: ONE_SEGMENT,
  MISSING_EXPIRATION: NO_EXPIRY,
  INVALID_EXPIRATION: NO_EXPIRY,
  INVALID_DATA_BAG: { data_bag: null },
};

function write(format: Format, records: readonly Fields[]): string {
  if (format === 'NDJSON') return records.map((record) => JSON.stringify(record)).join('\n');
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return Papa.unparse({
    fields: columns,
    data: records.map((record) => columns.map((column) => record[column])),
  });
}
