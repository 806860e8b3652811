import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { FaultPoint } from '../../src/fault-points.ts';
import { type Client, createImport, dataOf, membershipsOf } from '../client.ts';
import { number, object, writeJson } from '../model/json.ts';
import type { ModelRecord } from '../model/read-command.ts';
import { selectorOf } from '../properties/compare.ts';
import { add, type Datamart } from './datamart.ts';
import { compareAll, type Scene } from './scene.ts';
import { awaitEnd, type SentFile, send } from './sent-file.ts';
import { until } from './victim.ts';

const POINTS: readonly FaultPoint[] = [
  'erasure-before-commit',
  'erasure-after-commit',
  'erasure-file-half-written',
  'erasure-file-replaced',
];
const ERASED = { kind: 'USER_AGENT', compartment: null, value: 'agent-to-be-forgotten' } as const;
const STAYS = 'agent-to-stay';
const LINES = 12;
/** So large that the file is rewritten in several blocks. */
const BAG = 'x'.repeat(60_000);

/**
 * Erases a user while the service is killed, then removes an import likewise. The service runs
 * before and after.
 */
export async function tortureErasure(scene: Scene): Promise<void> {
  const { victim, random } = scene;
  const { service } = victim;
  const [datamart] = scene.datamarts;
  assert.ok(datamart !== undefined);
  const sent = add(datamart, { format: 'NDJSON', ...fileOfTwo(datamart) });
  await compareAll(scene);
  await service.kill();

  let answered = false;
  for (const point of POINTS) {
    const erase = async () => {
      if (!answered) await dataOf(service.call('DELETE', userPath(datamart)));
      answered = true;
      await untilErased(service, datamart);
    };
    const pass = point === 'erasure-file-half-written' ? 1 + random.below(2) : 1;
    await victim.kill({ type: 'point', point, pass }, erase);
  }
  await victim.start();
  if (!answered) await dataOf(service.call('DELETE', userPath(datamart)));
  await untilErased(service, datamart);
  datamart.model.erase(ERASED);
  assert.equal(await membershipsOf(service, selectorOf(ERASED), datamart.world.datamartId), null);
  assert.equal(
    await countIn(path.join(service.data, 'documents'), ERASED.value),
    0,
    'the erased user is in a file',
  );
  assert.equal(
    await countIn(path.join(service.data, 'documents/kept'), STAYS),
    LINES / 2 + LINES / 6,
    'others are kept',
  );
  assert.ok(sent.execution !== null);
  await compareAll(scene);
  await removeImport(scene, datamart);
}

function userPath({ world }: Datamart): string {
  return `/v1/datamarts/${world.datamartId}/user_points/${selectorOf(ERASED)}`;
}

/** A file of two users, with good lines and bad ones of each. */
function fileOfTwo({ world }: Datamart): Pick<SentFile, 'bytes' | 'records'> {
  const records = Array.from({ length: LINES }, (_, i): ModelRecord => {
    const fields = object(
      ['operation', i % 3 === 2 ? 'UPSERT' : 'UPDATE'],
      ['user_agent_id', i % 2 === 0 ? ERASED.value : STAYS],
      ['segment_id', world.names.get('alpha') ?? ''],
      ['expiration_duration', number(0)],
      ['data_bag', object(['bag', BAG], ['i', number(i)])],
    );
    return { line: i + 1, type: 'object', object: fields };
  });
  const lines = records.map((record) => (record.type === 'object' ? `${writeJson(record.object)}\n` : ''));
  return { bytes: Buffer.from(lines.join('')), records };
}

async function untilErased(client: Client, { world }: Datamart): Promise<void> {
  const path = `/v1/datamarts/${world.datamartId}/erasures`;
  await until('all erasures are done', async () => {
    const erasures = await dataOf<{ status: string }[]>(client.call('GET', path));
    return erasures.every(({ status }) => status === 'DONE');
  });
}

/** How often a text stands in the files of a folder. */
async function countIn(folder: string, text: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const contents = await Promise.all(
    files.map((file) => readFile(path.join(file.parentPath ?? file.path, file.name))),
  );
  return contents.reduce((sum, content) => sum + content.toString('latin1').split(text).length - 1, 0);
}

/**
 * Removes an import with its executions; the process is killed when they are gone and their files
 * are not.
 */
async function removeImport(scene: Scene, datamart: Datamart): Promise<void> {
  const { victim } = scene;
  const { service } = victim;
  const { datamartId } = datamart.world;
  const documentImportId = await createImport(service, { format: 'NDJSON', datamartId });
  const imports = { ...datamart.imports, NDJSON: documentImportId };
  const sent = add(
    { ...datamart, imports, waiting: [] },
    { format: 'NDJSON', bytes: Buffer.from('{}\n'), records: [] },
  );
  await send(service, sent);
  await awaitEnd(service, sent);
  await service.kill();
  const importPath = `/v1/datamarts/${datamartId}/document_imports/${documentImportId}`;
  await victim.kill({ type: 'point', point: 'executions-removed', pass: 1 }, async () => {
    await dataOf(service.call('DELETE', importPath));
  });
  await victim.start();
  assert.equal((await service.call('GET', importPath)).status, 404);
  await compareAll(scene);
}
