import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded } from '../../src/model/execution.ts';
import {
  type Client,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  getExecution,
} from '../../test/client.ts';
import type { Bench } from '../bench.ts';
import { withLines } from '../files.ts';
import { importFile, importWatched, type Target } from '../import-file.ts';
import { middleOf } from '../middle.ts';
import { type Server, startServer, watching } from '../server.ts';
import type { Measured } from '../table.ts';
import { userId } from '../workload.ts';
import { MILLION } from '../workloads.ts';

const BLOCK_USERS = 1_000;
const POLL_MS = 50;

type Store = { readonly server: Server; readonly to: Target; readonly users: number };

/**
 * Replacing a segment of 1 M users, reverting an import of 1 M lines, and exporting 1 M members.
 */
export async function measureChangeSets(bench: Bench): Promise<void> {
  await bench.using(
    () => startServer(bench.scratch),
    async (server) => {
      const to = { datamartId: '1', documentImportId: await createImport(server, { format: 'NDJSON' }) };
      const store = { server, to, users: bench.scaled(MILLION) };
      const segmentId = await createSegment(server, { name: 'replaced' });
      await importUsers(bench, store, { segmentId, from: 0 });
      await measureReplace(bench, store, segmentId);
      await measureExports(bench, store, segmentId);
      await measureRevert(bench, store);
    },
  );
}

/** Each round leaves out as many users of the last one as it has new ones. */
async function measureReplace(bench: Bench, store: Store, segmentId: string): Promise<void> {
  let from = 0;
  for (const percent of [0.1, 50]) {
    const row = {
      id: `replace-${percent}`,
      what: `Muster: replace a segment of 1 M users, ${percent} % of them with others`,
    };
    await bench.measure(row, () =>
      rounds(bench, async () => {
        from += Math.max(1, Math.round((store.users * percent) / 100));
        const to = { ...store.to, query: 'mode=replace' };
        return withUsers(bench, store, { segmentId, from }, (file) =>
          importWatched(bench, { server: store.server, file, to }),
        );
      }),
    );
  }
}

async function measureExports(bench: Bench, store: Store, segmentId: string): Promise<void> {
  for (const [name, mimeType] of [
    ['NDJSON', 'APPLICATION_X_NDJSON'],
    ['CSV', 'TEXT_CSV'],
  ] as const) {
    const row = { id: `export-${name.toLowerCase()}`, what: `Muster: export 1 M members as ${name}` };
    await bench.measure(row, () => rounds(bench, () => exportMembers(store, { segmentId, mimeType })));
  }
}

/** From the request to the last byte. */
function exportMembers(
  { server, users }: Store,
  { segmentId, mimeType }: { segmentId: string; mimeType: string },
): Promise<Measured> {
  return watching(server, async () => {
    const startedAt = performance.now();
    const path = `/v1/audience_segments/${segmentId}/export_file?mime_type=${mimeType}`;
    const answer = await fetch(`${server.baseUrl}${path}`, { headers: { authorization: server.token } });
    assert.equal(answer.status, 200);
    let bytes = 0;
    for await (const block of answer.body as AsyncIterable<Uint8Array>) bytes += block.length;
    const seconds = (performance.now() - startedAt) / 1000;
    const remark = `${(bytes / 2 ** 20).toFixed(0)} MiB`;
    return { count: users, seconds, perSecond: users / seconds, remark };
  });
}

async function measureRevert(bench: Bench, store: Store): Promise<void> {
  const row = { id: 'revert', what: 'Muster: revert an import of 1 M lines' };
  await bench.measure(row, async () => {
    const segmentId = await createSegment(store.server, { name: 'reverted' });
    return rounds(bench, async () => {
      const execution = await importUsers(bench, store, { segmentId, from: 0 });
      return watching(store.server, async () => {
        const startedAt = performance.now();
        const reverted = await revert(store.server, { execution, to: store.to });
        const seconds = (performance.now() - startedAt) / 1000;
        assert.equal(reverted.result.memberships_deleted, store.users);
        const remark = 'from the request until it SUCCEEDED';
        return { count: store.users, seconds, perSecond: store.users / seconds, remark };
      });
    });
  });
}

async function revert(
  client: Client,
  { execution, to }: { execution: ExecutionAnswer; to: Target },
): Promise<ExecutionAnswer> {
  const path = `${executionsPath(to)}/${execution.id}/action`;
  const made = await dataOf<ExecutionAnswer>(client.call('POST', path, { action: 'REVERT' }));
  for (;;) {
    const now = await getExecution(client, made);
    if (hasEnded(now.status)) {
      assert.equal(now.status, 'SUCCEEDED', now.error?.message ?? now.status);
      return now;
    }
    await sleep(POLL_MS);
  }
}

async function rounds(bench: Bench, run: () => Promise<Measured>): Promise<Measured> {
  const measured: Measured[] = [];
  for (let round = 0; round < bench.options.rounds; round++) measured.push(await run());
  return middleOf(measured);
}

async function importUsers(
  bench: Bench,
  store: Store,
  of: { segmentId: string; from: number },
): Promise<ExecutionAnswer> {
  const { server, to } = store;
  return withUsers(bench, store, of, async (file) => {
    const { execution } = await importFile(server, { file, to, timeoutMs: bench.leftMs() });
    return execution;
  });
}

/** A file that puts each user from a number on into a segment, for ever. */
function withUsers<T>(
  bench: Bench,
  { users }: Store,
  of: { segmentId: string; from: number },
  use: Parameters<typeof withLines<T>>[2],
): Promise<T> {
  const line = (user: number) =>
    `{"operation":"UPDATE","user_account_id":"${userId(user)}","segment_id":"${of.segmentId}","expiration_duration":0}\n`;
  function* blocks(): Generator<string> {
    for (let first = 0; first < users; first += BLOCK_USERS) {
      const length = Math.min(BLOCK_USERS, users - first);
      yield Array.from({ length }, (_, i) => line(of.from + first + i)).join('');
    }
  }
  return withLines(bench.scratch, { format: 'NDJSON', lines: users, blocks: blocks() }, use);
}
