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

/** Makes so many different files of 1 M lines; `during` imports them with no pause: while one is processed the next is uploaded. */
export async function importManyFiles(
  bench: Bench,
  store: Store,
  of: { count: number; seed: number; during: (runImports: () => Promise<void>) => Promise<Measured> },
): Promise<Measured> {
  const workloads = Array.from({ length: of.count }, (_, index) =>
    workloadOf(bench, { lines: MILLION, segmentIds: store.segmentIds, seed: of.seed + index }),
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
