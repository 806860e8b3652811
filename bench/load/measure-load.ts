import { readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createImport, executionsPath } from '../../test/client.ts';
import { createSegments, post } from '../import-file.ts';
import type { LoadResult } from '../lookups/load.ts';
import { LOOK_UP_PATH } from '../lookups/look-up.ts';
import { runLoad } from '../lookups/run-load.ts';
import { type Server, startServer, watching } from '../server.ts';
import type { Measured } from '../table.ts';
import { generate } from '../workload.ts';
import type { Options } from './options.ts';
import { createTargets, runUploads, type Uploads, type UploadTarget } from './run-uploads.ts';
import { openHandles, watchMemory } from './watch-process.ts';

const MIB = 1024 * 1024;
const CONNECTIONS = 64;
/** How long executions may take that wait at the end, and connections to be closed. */
const DRAIN_MS = 60_000;
const SETTLE_MS = 6_000;
/** Connections of DuckDB and the like that were not open at the start. */
const MORE_HANDLES = 10;
/** What an upload may be answered: taken, or told to come back. */
const FINE = new Set(['200', '429', '503', 'went away']);

export type LoadReport = {
  readonly rows: readonly (readonly [name: string, value: string])[];
  /** What was not as it must be. */
  readonly wrong: readonly string[];
};

/** Runs the load against a service of its own. */
export async function measureLoad(scratch: string, options: Options): Promise<LoadReport> {
  // one token sends all of it: it may have all places
  const server = await startServer(scratch, {
    MUSTER_MAX_UPLOADS: '1024',
    MUSTER_MAX_UPLOADS_PER_DATAMART: '1024',
    MUSTER_MAX_UPLOADS_PER_TOKEN: '1024',
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void server.close().finally(() => process.exit(130)));
  }
  try {
    await createUsers(server, options.users);
    const targets = await createTargets(server, options);
    await sleep(SETTLE_MS);
    const handlesBefore = openHandles(server.pid);
    const memory = watchMemory(server.pid);
    let uploads: Uploads | null = null;
    let lookUps: LoadResult | null = null;
    const watched = await watching(server, async () => {
      const { baseUrl, token } = server;
      const load = { baseUrl, token, path: LOOK_UP_PATH, users: options.users, segmentGroups: [] };
      const rate = { perSecond: options.lookUpsPerSecond, connections: CONNECTIONS, unknownPerMille: 100 };
      lookUps = await runLoad({ ...load, ...rate }, async () => {
        uploads = await runUploads(server, targets, options);
      });
      return {};
    });
    const quarters = memory.stop();
    const drainedAt = performance.now();
    const ended = await untilEnded(server, targets);
    const drainSeconds = (performance.now() - drainedAt) / 1000;
    await sleep(SETTLE_MS);
    const handles = { before: handlesBefore, after: openHandles(server.pid) };
    const incoming = readdirSync(path.join(server.data, 'documents', 'incoming')).length;
    if (uploads === null || lookUps === null) throw new Error('the load has not run');
    return report({ uploads, lookUps, watched, quarters, ended, drainSeconds, handles, incoming }, options);
  } finally {
    await server.close();
  }
}

/** Users to look up. */
async function createUsers(server: Server, users: number): Promise<void> {
  const segmentIds = await createSegments(server);
  const documentImportId = await createImport(server, { format: 'NDJSON' });
  const file = { lines: users, users, segmentIds, badPerMille: 0, deletePerMille: 0, repeatedPerMille: 0 };
  const body = Buffer.from([...generate({ format: 'NDJSON', ...file, seed: 1 })].join(''));
  const to = { datamartId: '1', documentImportId };
  await post(server, { to, format: 'NDJSON', body, bytes: body.length });
  await untilEnded(server, [to]);
}

/** Waits until nothing of these waits or runs; resolves to how many have SUCCEEDED. */
async function untilEnded(
  server: Server,
  targets: readonly Pick<UploadTarget, 'datamartId' | 'documentImportId'>[],
): Promise<number> {
  const until = performance.now() + DRAIN_MS;
  let succeeded = 0;
  for (const to of targets) {
    const count = async (statuses: string) => {
      const answer = await server.call('GET', `${executionsPath(to)}?status=${statuses}&max_results=1`);
      return (answer.json as { total: number }).total;
    };
    while ((await count('PENDING,RUNNING')) > 0 && performance.now() < until) await sleep(100);
    succeeded += await count('SUCCEEDED');
  }
  return succeeded;
}

type Seen = {
  readonly uploads: Uploads;
  readonly lookUps: LoadResult;
  readonly watched: Measured;
  readonly quarters: readonly number[];
  readonly ended: number;
  readonly drainSeconds: number;
  readonly handles: { readonly before: number; readonly after: number };
  readonly incoming: number;
};

function report(seen: Seen, options: Options): LoadReport {
  const { uploads, lookUps, watched, handles } = seen;
  const counts = [...uploads.counts].sort();
  const mib = (bytes: number | undefined) => `${Math.round((bytes ?? 0) / MIB)} MiB`;
  const rows = [
    [
      'load',
      `${options.uploads} uploads at a time, ${options.lookUpsPerSecond} look-ups/s, ${options.seconds} s`,
    ],
    [
      'uploads acknowledged',
      `${uploads.acknowledged}, ${uploads.perSecond.toFixed(1)}/s of ${options.linesPerFile} lines`,
    ],
    ['uploads by answer', counts.map(([name, count]) => `${name}: ${count}`).join(', ')],
    ['executed', `${seen.ended}, the last ${seen.drainSeconds.toFixed(1)} s after the last upload`],
    [
      'look-ups',
      `${lookUps.requests}, ${(lookUps.requests / lookUps.seconds).toFixed(0)}/s, ${lookUps.failed} failed`,
    ],
    [
      'look-up p50, p99, most',
      `${[lookUps.p50Ms, lookUps.p99Ms, lookUps.mostMs].map((ms) => ms.toFixed(1)).join(', ')} ms`,
    ],
    ['memory, peak', mib(watched.peakBytes)],
    ['memory, most of each quarter', seen.quarters.map(mib).join(', ')],
    ['open handles before, after', `${handles.before}, ${handles.after}`],
    ['event loop p99', `${(watched.loopP99Ms ?? Number.NaN).toFixed(1)} ms`],
    ['files left in incoming/', String(seen.incoming)],
  ] as const;
  const wrong: string[] = [];
  const odd = counts.filter(([name]) => !FINE.has(name));
  if (odd.length > 0) wrong.push(`answers: ${odd.map(([name, count]) => `${count} × ${name}`).join(', ')}`);
  if (seen.ended !== uploads.acknowledged)
    wrong.push(`${uploads.acknowledged} uploads were acknowledged, ${seen.ended} executed`);
  if (lookUps.failed > 0) wrong.push(`look-ups: ${lookUps.firstFailure}`);
  if (handles.after > handles.before + MORE_HANDLES)
    wrong.push(`${handles.after} handles are open, ${handles.before} were`);
  if (seen.incoming > 0) wrong.push(`${seen.incoming} files were left by senders who went away`);
  return { rows, wrong };
}
