import { setTimeout as sleep } from 'node:timers/promises';
import { getSegment } from '../test/client.ts';
import type { Bench } from './bench.ts';
import { withFiles } from './files.ts';
import { importFile, type Target } from './import-file.ts';
import type { Server } from './server.ts';
import type { Measured } from './table.ts';
import { MILLION, workloadOf } from './workloads.ts';

export const FORMATS = ['NDJSON', 'CSV'] as const;

/** What the rows on a large store share. */
export type Store = {
  readonly server: Server;
  readonly segmentIds: readonly string[];
  readonly imports: { readonly [format in (typeof FORMATS)[number]]: Target };
};

/** How many live memberships the store has. */
export async function countMemberships({ server, segmentIds }: Store): Promise<string> {
  let count = 0;
  for (const id of segmentIds) count += (await getSegment(server, id)).user_points_count;
  return count.toLocaleString('en-US');
}

/**
 * Makes so many different files of 1 M lines; `during` imports them with no pause: while one is
 * processed the next is uploaded.
 */
export async function importManyFiles(
  bench: Bench,
  store: Store,
  of: {
    count: number;
    seed: number;
    users?: number;
    during: (runImports: () => Promise<void>) => Promise<Measured>;
  },
): Promise<Measured> {
  const workloads = Array.from({ length: of.count }, (_, index) =>
    workloadOf(bench, {
      lines: MILLION,
      segmentIds: store.segmentIds,
      seed: of.seed + index,
      ...(of.users === undefined ? {} : { users: of.users }),
    }),
  );
  return withFiles(bench.scratch, workloads, async (files) => {
    const waiting = [...files];
    const sender = async () => {
      for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
        await importFile(store.server, { file, to: store.imports.NDJSON, timeoutMs: bench.leftMs() });
      }
    };
    return of.during(async () => {
      await Promise.all([sender(), sender()]);
    });
  });
}

/**
 * Longer than it takes to notice that nothing is to be done, and to put a table of 40 M rows in
 * order.
 */
const ORDER_LOOK_MS = 30_000;
const ORDER_TIMEOUT_MS = 120_000;

/** Waits until an idle store has put its tables in order, or has nothing to put in order. */
export async function untilInOrder({ server }: Store): Promise<void> {
  let last = Number.NaN;
  for (let waitedMs = 0; waitedMs < ORDER_TIMEOUT_MS; waitedMs += ORDER_LOOK_MS) {
    const { text } = await server.call('GET', '/metrics');
    const done = Number(
      /^muster_compaction_duration_seconds_count\{pressure="IDLE"\} (\d+)$/m.exec(text)?.[1],
    );
    if (done === last) return;
    last = done;
    await sleep(ORDER_LOOK_MS);
  }
}
