import assert from 'node:assert/strict';
import { type Client, createImport, dataOf, errorFile, type Format } from '../client.ts';
import { Model } from '../model/model.ts';
import { compareCounts, compareErrors, compareSizes, compareUsers } from '../properties/compare.ts';
import { readErrorFile } from '../properties/error-file.ts';
import { csvFile, ndjsonFile } from '../properties/files.ts';
import { createWorld, type World } from '../properties/world.ts';
import type { Random } from './random.ts';
import type { SentFile } from './sent-file.ts';
import type { Tally } from './tally.ts';

/**
 * A datamart under torture: its world, its model, its imports, and the files that the model has not
 * executed yet.
 */
export type Datamart = {
  readonly world: World;
  readonly model: Model;
  readonly imports: Readonly<Record<Format, string>>;
  /** In the order they were written. */
  readonly waiting: SentFile[];
  /** Executed since the catalogue last changed. */
  readonly recent: SentFile[];
};

export async function createTorturedDatamart(client: Client): Promise<Datamart> {
  const world = await createWorld(client);
  const { datamartId } = world;
  const imports = {
    NDJSON: await createImport(client, { format: 'NDJSON', datamartId }),
    CSV: await createImport(client, { format: 'CSV', datamartId }),
  };
  return { world, model: new Model(), imports, waiting: [], recent: [] };
}

let files = 0;

/** Makes a file to be sent: small ones that run in groups, and some of several chunks. */
export function addFile({ world, imports, waiting }: Datamart, random: Random): void {
  const most = random.oneOf([4, 8, 60, 120]);
  const draft = random.sample(random.below(5) < 3 ? ndjsonFile(most) : csvFile(most));
  add({ world, imports, waiting }, { format: draft.format, ...draft.write(world.names, Date.now()) });
}

/** Makes a file of known content to be sent. */
export function add(
  { world, imports, waiting }: Pick<Datamart, 'world' | 'imports' | 'waiting'>,
  file: Pick<SentFile, 'format' | 'bytes' | 'records'>,
): SentFile {
  files += 1;
  const key = `torture-${process.pid}-${files}`;
  const documentImportId = imports[file.format];
  const sent = { ...file, key, datamartId: world.datamartId, documentImportId, execution: null };
  waiting.push(sent);
  return sent;
}

/** Executes in the model what has ended in the service, and compares all there is to compare. */
export async function compareDatamart(client: Client, datamart: Datamart, tally: Tally): Promise<void> {
  const { world, model, waiting, recent } = datamart;
  // executions of one datamart run in the order of their ids
  const files = waiting
    .splice(0)
    .sort((one, other) => Number(one.execution?.id) - Number(other.execution?.id));
  let startedAt = 0;
  for (const { execution, format, bytes, records } of files) {
    assert.ok(execution !== null && execution.start_date !== null, 'an execution without a start');
    assert.equal(execution.status, 'SUCCEEDED', JSON.stringify(execution));
    assert.ok(execution.start_date >= startedAt, 'an execution overtook the one before it');
    startedAt = execution.start_date;
    const outcome = model.execute(records, world.catalogue(), execution.start_date);
    compareErrors(readErrorFile(format, await errorFile(client, execution)), outcome.failures, bytes);
    compareCounts(execution, outcome);
    tally.executions += 1;
    tally.commands += records.length;
  }
  recent.push(...files);
  await compareUsers({ client, world, model });
  await compareSizes({ client, world, model });
}

/** How many executions a datamart's imports have. */
export async function countExecutions(client: Client, { world, imports }: Datamart): Promise<number> {
  let total = 0;
  for (const id of Object.values(imports)) {
    const path = `/v1/datamarts/${world.datamartId}/document_imports/${id}/executions`;
    const listed = await client.call('GET', path);
    await dataOf(Promise.resolve(listed));
    total += (listed.json as { total: number }).total;
  }
  return total;
}
