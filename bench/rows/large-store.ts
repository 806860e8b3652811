import { createImport } from '../../test/client.ts';
import type { Bench } from '../bench.ts';
import { withFile } from '../files.ts';
import { createSegments, importWatched } from '../import-file.ts';
import { countMemberships, FORMATS, type Store, untilInOrder } from '../large-store.ts';
import { middleOf } from '../middle.ts';
import { startServer } from '../server.ts';
import type { Measured } from '../table.ts';
import { MILLION, workloadOf } from '../workloads.ts';
import { measureQuestions } from './questions.ts';

/**
 * Fills a store with 10 M and with 30 M memberships: three files of 10 M users, each into segments
 * of its own.
 */
export async function measureLargeStore(bench: Bench): Promise<void> {
  await bench.using(
    () => startServer(bench.scratch),
    async (server) => {
      const segmentIds = await createSegments(server);
      const [NDJSON, CSV] = await Promise.all(
        FORMATS.map(async (format) => ({
          datamartId: '1',
          documentImportId: await createImport(server, { format }),
        })),
      );
      if (NDJSON === undefined || CSV === undefined) return;
      const store: Store = { server, segmentIds, imports: { NDJSON, CSV } };
      if (!(await fill(bench, store, { times: 1, from: 0 }))) return;
      await importInto(bench, store, { millions: 10, seed: 10 });
      if (!(await fill(bench, store, { times: 2, from: 1 }))) return;
      await importInto(bench, store, { millions: 30, seed: 30 });
      if (bench.options.scale === 1) await untilInOrder(store);
      await measureQuestions(bench, store);
    },
  );
}

/** Puts each user into one more segment, `times` times; whether that went well. */
async function fill(bench: Bench, store: Store, of: { times: number; from: number }): Promise<boolean> {
  for (let turn = of.from; turn < of.from + of.times; turn++) {
    const row = { id: `fill-${turn}`, what: `Muster: filling the store, file ${turn + 1}, 10 M users` };
    const filled = await bench.measure(row, async () => {
      const workload = workloadOf(bench, {
        lines: 10 * MILLION,
        segmentIds: store.segmentIds.slice(turn * 3, turn * 3 + 3),
        deletePerMille: 0,
        repeatedPerMille: 0,
        seed: 100 + turn,
      });
      const measured = await withFile(bench.scratch, workload, (file) =>
        importWatched(bench, { server: store.server, file, to: store.imports.NDJSON }),
      );
      return { ...measured, remark: `${await countMemberships(store)} memberships afterwards` };
    });
    if (filled === undefined) return false;
  }
  return true;
}

async function importInto(bench: Bench, store: Store, of: { millions: number; seed: number }): Promise<void> {
  for (const format of FORMATS) {
    const row = {
      id: `${format.toLowerCase()}-${of.millions}`,
      what: `Muster: ${format}, 1 M lines, into ${of.millions} M memberships`,
    };
    await bench.measure(row, async () => {
      const measured: Measured[] = [];
      const offset = format === 'NDJSON' ? 0 : bench.options.rounds;
      for (let round = 0; round < bench.options.rounds; round++) {
        const { segmentIds } = store;
        const workload = workloadOf(bench, {
          format,
          lines: MILLION,
          segmentIds,
          seed: of.seed + offset + round,
        });
        measured.push(
          await withFile(bench.scratch, workload, (file) =>
            importWatched(bench, { server: store.server, file, to: store.imports[format] }),
          ),
        );
      }
      return middleOf(measured);
    });
  }
}
