import { createImport } from '../../test/client.ts';
import type { Bench } from '../bench.ts';
import { type CommandFile, withFile, withParquet } from '../files.ts';
import { createSegments, importWatched } from '../import-file.ts';
import { middleOf } from '../middle.ts';
import { startServer } from '../server.ts';
import type { Measured } from '../table.ts';
import { MILLION, workloadOf } from '../workloads.ts';

type Format = CommandFile['format'];

/** 1 M lines into an empty store, and the same file again; files with bad lines. */
export async function measureImports(bench: Bench): Promise<void> {
  for (const format of ['NDJSON', 'CSV', 'PARQUET'] as const) {
    const first: Measured[] = [];
    const again: Measured[] = [];
    const id = format.toLowerCase();
    await bench.measure(
      { id: `${id}-empty`, what: `Muster: ${format}, 1 M lines, empty store` },
      async () => {
        for (let round = 0; round < bench.options.rounds; round++) {
          const [empty, repeated] = await runTwice(bench, format);
          first.push(empty);
          again.push(repeated);
        }
        return middleOf(first);
      },
    );
    if (again.length === bench.options.rounds)
      await bench.measure({ id: `${id}-again`, what: `Muster: ${format}, the same file again` }, async () =>
        middleOf(again),
      );
  }
  await bench.measure({ id: 'bad', what: 'Muster: NDJSON, 1 M lines, 1 % bad, empty store' }, async () => {
    const measured: Measured[] = [];
    for (let round = 0; round < bench.options.rounds; round++) measured.push(await runOnce(bench, 10));
    return middleOf(measured);
  });
}

/** 10 M lines in one file. */
export async function measureLargeFile(bench: Bench): Promise<void> {
  await bench.measure({ id: 'large-file', what: 'Muster: NDJSON, 10 M lines in one file, empty store' }, () =>
    withEmptyStore(bench, { format: 'NDJSON', lines: 10 * MILLION, badPerMille: 0 }, (run) => run()),
  );
}

function runTwice(bench: Bench, format: Format): Promise<readonly [Measured, Measured]> {
  const of = { format, lines: MILLION, badPerMille: 0 };
  return withEmptyStore(bench, of, async (run) => [await run(), await run()] as const);
}

function runOnce(bench: Bench, badPerMille: number): Promise<Measured> {
  return withEmptyStore(bench, { format: 'NDJSON', lines: MILLION, badPerMille }, (run) => run());
}

/** Starts a service and writes a file for it; `use` imports that as often as it likes. */
function withEmptyStore<T>(
  bench: Bench,
  of: { format: Format; lines: number; badPerMille: number },
  use: (run: () => Promise<Measured>) => Promise<T>,
): Promise<T> {
  return bench.using(
    () => startServer(bench.scratch),
    async (server) => {
      const segmentIds = await createSegments(server);
      const documentImportId = await createImport(server, { format: of.format });
      const to = { datamartId: '1', documentImportId };
      const format = of.format === 'PARQUET' ? 'NDJSON' : of.format;
      const workload = workloadOf(bench, { ...of, format, segmentIds });
      const measure = (file: CommandFile) => use(() => importWatched(bench, { server, file, to }));
      return withFile(bench.scratch, workload, (file) =>
        of.format === 'PARQUET' ? withParquet(file, measure) : measure(file),
      );
    },
  );
}
