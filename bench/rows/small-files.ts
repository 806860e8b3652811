import assert from 'node:assert/strict';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createImport, dataOf, executionsPath } from '../../test/client.ts';
import type { Bench } from '../bench.ts';
import { createSegments, post, type Target } from '../import-file.ts';
import { type Server, startServer, watching } from '../server.ts';
import type { Measured } from '../table.ts';
import { generate } from '../workload.ts';
import { workloadOf } from '../workloads.ts';

const FILES = 10_000;
const LINES = 10;
/** Executions of one datamart run one after the other. */
const DATAMARTS = 4;
const UPLOADS_IN_FLIGHT = 16;
const POLL_MS = 50;
/** Whatever is done by then is what is counted. */
const UPLOAD_LIMIT_MS = 60_000;
const LIMIT_MS = 90_000;

/** Many small files, from the first POST to the last SUCCEEDED. */
export async function measureSmallFiles(bench: Bench): Promise<void> {
  const files = bench.scaled(FILES);
  const what = `Muster: 10,000 files of ${LINES} lines, ${UPLOADS_IN_FLIGHT} uploads in flight, ${DATAMARTS} datamarts`;
  await bench.measure({ id: 'small-files', what }, () =>
    bench.using(
      () => startServer(bench.scratch),
      async (server) => {
        const targets: (Target & { readonly segmentIds: readonly string[] })[] = [];
        for (let i = 0; i < DATAMARTS; i++) {
          const datamart = dataOf<{ id: string }>(
            server.call('POST', '/v1/datamarts', { name: `datamart ${i}` }),
          );
          const { id: datamartId } = await datamart;
          const documentImportId = await createImport(server, { format: 'NDJSON', datamartId });
          targets.push({
            datamartId,
            documentImportId,
            segmentIds: await createSegments(server, datamartId),
          });
        }
        const uploads = Array.from({ length: files }, (_, index) => {
          const to = targets[index % targets.length];
          assert.ok(to);
          const workload = workloadOf(bench, { lines: 0, segmentIds: to.segmentIds, seed: index + 1 });
          return { to, body: Buffer.from([...generate({ ...workload, lines: LINES })].join('')) };
        });
        return watching(server, () => sendAll(server, { targets, uploads, leftMs: bench.leftMs() }));
      },
    ),
  );
}

async function sendAll(
  server: Server,
  of: {
    targets: readonly Target[];
    uploads: readonly { readonly to: Target; readonly body: Buffer }[];
    leftMs: number;
  },
): Promise<Measured> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: UPLOADS_IN_FLIGHT });
  const startedAt = performance.now();
  const waiting = of.uploads.values();
  let sent = 0;
  const sender = async () => {
    for (const { to, body } of waiting) {
      if (performance.now() - startedAt > Math.min(UPLOAD_LIMIT_MS, of.leftMs)) return;
      await post(server, { to, format: 'NDJSON', body, bytes: body.length, agent });
      sent += 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: UPLOADS_IN_FLIGHT }, sender));
  } finally {
    agent.destroy();
  }
  const uploadSeconds = (performance.now() - startedAt) / 1000;
  const succeeded = await untilEnded(server, { ...of, until: startedAt + Math.min(LIMIT_MS, of.leftMs) });
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    count: succeeded,
    seconds,
    perSecond: succeeded / seconds,
    remark: `executions, ${uploadSeconds.toFixed(1)} s until the last upload was answered${
      succeeded === of.uploads.length ? '' : `; cut off, ${sent} of ${of.uploads.length} were sent`
    }`,
  };
}

/** Resolves to the number of SUCCEEDED executions once all have ended, or at `until`. */
async function untilEnded(
  server: Server,
  of: { targets: readonly Target[]; until: number },
): Promise<number> {
  const count = async (to: Target, statuses: string) => {
    const answer = await server.call('GET', `${executionsPath(to)}?status=${statuses}&max_results=1`);
    return (answer.json as { total: number }).total;
  };
  let succeeded = 0;
  for (const to of of.targets) {
    while (performance.now() < of.until && (await count(to, 'PENDING,RUNNING')) > 0) await sleep(POLL_MS);
    succeeded += await count(to, 'SUCCEEDED');
  }
  return succeeded;
}
