import assert from 'node:assert/strict';
import { readdir, utimes } from 'node:fs/promises';
import path from 'node:path';
import { compareDatamart, countExecutions, type Datamart } from './datamart.ts';
import type { Random } from './random.ts';
import { awaitEnd, type SentFile, send } from './sent-file.ts';
import type { Tally } from './tally.ts';
import { allOf, until, type Victim } from './victim.ts';

/** What a torture of imports is about. */
export type Scene = {
  readonly victim: Victim;
  readonly datamarts: readonly Datamart[];
  readonly random: Random;
  readonly tally: Tally;
};

/**
 * Sends what has no answer, one file after the other of a datamart and import, and waits for the
 * end of all.
 */
export async function sendAndAwait({ service }: Victim, files: readonly SentFile[]): Promise<void> {
  const senders = new Map<string, SentFile[]>();
  for (const file of files.filter(({ execution }) => execution === null)) {
    senders.set(file.documentImportId, [...(senders.get(file.documentImportId) ?? []), file]);
  }
  await allOf(
    [...senders.values()].map(async (queue) => {
      for (const file of queue) await send(service, file);
    }),
  );
  await allOf(files.map((file) => awaitEnd(service, file)));
}

/**
 * Starts the service undisturbed, lets it end what there is, and compares everything; it runs
 * afterwards.
 */
export async function compareAll({ victim, datamarts, tally }: Scene): Promise<void> {
  const { service } = victim;
  if (service.signal() !== null) await victim.start();
  const files = datamarts.flatMap(({ waiting }) => waiting);
  await sendAndAwait(victim, files);
  // each was answered: under its key there is this execution and no other
  for (const file of files) await send(service, file);
  let executions = 0;
  for (const datamart of datamarts) {
    await compareDatamart(service, datamart, tally);
    executions += await countExecutions(service, datamart);
  }
  await compareFiles(victim, executions);
}

/**
 * Of each execution there is a folder, and nothing else is there a day later: what is younger may
 * be what another process has under way, so that all that there is is made old, and the service,
 * which looks at its start, is started again.
 */
async function compareFiles(victim: Victim, executions: number): Promise<void> {
  const { service } = victim;
  const place = (folder: string) => path.join(service.data, 'documents', folder);
  const list = (folder: string) => readdir(place(folder));
  await service.terminate();
  const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
  for (const folder of ['kept', 'incoming'])
    for (const name of await list(folder))
      await utimes(path.join(place(folder), name), twoDaysAgo, twoDaysAgo);
  await victim.start();
  await until(`documents/ holds the files of ${executions} executions and nothing else`, async () => {
    const [kept, incoming] = await Promise.all([list('kept'), list('incoming')]);
    assert.ok(kept.length >= executions, `${kept.length} folders of ${executions} executions`);
    return kept.length === executions && incoming.length === 0;
  });
}
