import assert from 'node:assert/strict';
import {
  type Client,
  createImport,
  createSegment,
  type ExecutionAnswer,
  errorFile,
  executionsPath,
  getSegment,
  membershipsOf,
  upload,
} from '../client.ts';
import { number, object, writeJson } from '../model/json.ts';
import { Model } from '../model/model.ts';
import type { ModelRecord } from '../model/read-command.ts';

/** Each of so many lines has an operation that there is not. */
const BAD_LINE = 50;
const SAMPLE = 40;

/**
 * A segment with an import, and what the files that were sent to it must have come to. `check`
 * knows datamart 1 alone.
 */
export type World = {
  readonly path: string;
  /**
   * Sends a file of so many lines, about users that no other file names; the answer must be 200.
   */
  send(lines: number): Promise<Sent>;
  /** The bytes of the next file; not remembered. */
  nextFile(lines: number): string;
  /**
   * Compares what is stored with the model, after these files and no others have been executed, in
   * this order.
   */
  check(executed: readonly Executed[], client?: Client): Promise<void>;
};

export type Sent = { readonly execution: ExecutionAnswer; readonly records: readonly ModelRecord[] };
export type Executed = { readonly sent: Sent; readonly ended: ExecutionAnswer };

export async function createWorld(client: Client, datamartId = '1'): Promise<World> {
  const segmentId = await createSegment(client, { name: 'segment', datamart_id: datamartId });
  const documentImportId = await createImport(client, { format: 'NDJSON', datamartId });
  let files = 0;
  const next = (lines: number) => recordsOf({ lines, segmentId, file: ++files });
  return {
    path: executionsPath({ datamartId, documentImportId }),
    async send(lines) {
      const records = next(lines);
      const body = write(records);
      return {
        execution: await upload(client, { datamartId, documentImportId, format: 'NDJSON', body }),
        records,
      };
    },
    nextFile: (lines) => write(next(lines)),
    check: (executed, reader = client) => checkWorld(reader, segmentId, executed),
  };
}

type ObjectRecord = Extract<ModelRecord, { type: 'object' }>;

function recordsOf(of: { lines: number; segmentId: string; file: number }): readonly ObjectRecord[] {
  return Array.from({ length: of.lines }, (_, i) => {
    const command = object(
      ['operation', i % BAD_LINE === BAD_LINE - 1 ? 'INSERT' : 'UPDATE'],
      ['user_account_id', `file-${of.file}-user-${i}`],
      ['segment_id', of.segmentId],
      ['expiration_duration', number(0)],
      ['data_bag', `{"line":"${i}"}`],
    );
    return { line: i + 1, type: 'object', object: command };
  });
}

function write(records: readonly ObjectRecord[]): string {
  return records.map((record) => `${writeJson(record.object)}\n`).join('');
}

async function checkWorld(client: Client, segmentId: string, executed: readonly Executed[]): Promise<void> {
  const model = new Model();
  const catalogue = {
    defaultCompartment: '1',
    compartments: [{ id: '1', token: 'default', archived: false }],
    segments: [{ id: segmentId, technicalName: null, importable: true, paused: false, defaultTtlMs: null }],
  };
  for (const { sent, ended } of executed) {
    assert.equal(ended.status, 'SUCCEEDED', JSON.stringify(ended.error));
    const outcome = model.execute(sent.records, catalogue, ended.start_date ?? Number.NaN);
    const { total_success, total_failure, memberships_created, user_points_created } = ended.result;
    // twice would be updated, not created
    assert.deepEqual(
      [total_success, total_failure, memberships_created, user_points_created],
      [outcome.successes, outcome.failures.length, outcome.pairs, outcome.userPointsCreated],
    );
    const failed = (await errorFile(client, ended)).split('\n').filter((line) => line !== '');
    assert.equal(failed.length, outcome.failures.length, 'each failed line stands in the error file once');
  }
  const known = model.identifiers();
  assert.equal((await getSegment(client, segmentId)).user_points_count, known.length);
  for (const identifier of known.filter((_, i) => i % Math.ceil(known.length / SAMPLE) === 0)) {
    const [stored] = (await membershipsOf(client, `user_account_id=${identifier.value}`)) ?? [];
    const expected = model.find(identifier)?.memberships.get(segmentId);
    assert.deepEqual(
      stored && [stored.creation_ts, stored.expiration_ts, stored.data_bag],
      expected && [expected.creationTs, expected.expirationTs, expected.dataBag],
    );
  }
}
