import { createImport } from '../../test/client.ts';
import type { Bench } from '../bench.ts';
import { type CommandFile, withFile, withParquet } from '../files.ts';
import { createSegments, importWatched } from '../import-file.ts';
import { middleOf } from '../middle.ts';
import { startServer } from '../server.ts';
import type { Measured } from '../table.ts';
import { FOREIGN_MAPPING, type Workload } from '../workload.ts';
import { MILLION, workloadOf } from '../workloads.ts';

type Kind = {
  readonly id: string;
  readonly what: string;
  readonly format: CommandFile['format'];
  readonly lines: number;
  readonly badPerMille?: number;
  readonly more?: Partial<Workload>;
  readonly mapping?: unknown;
};

const HUNDRED_THOUSAND = 100_000;
const LIST_SEGMENTS = 3;

const KINDS: readonly Kind[] = [
  { id: 'ndjson', what: 'NDJSON, 1 M lines', format: 'NDJSON', lines: MILLION },
  { id: 'csv', what: 'CSV, 1 M lines', format: 'CSV', lines: MILLION },
  { id: 'parquet', what: 'Parquet, 1 M rows', format: 'PARQUET', lines: MILLION },
  { id: 'ndjson-100k', what: 'NDJSON, 100,000 lines', format: 'NDJSON', lines: HUNDRED_THOUSAND },
  {
    id: 'mapped',
    what: 'CSV with columns and words of its own, mapped, 1 M lines',
    format: 'CSV',
    lines: MILLION,
    more: { isForeign: true },
    mapping: FOREIGN_MAPPING,
  },
  {
    id: 'lists',
    what: 'NDJSON, 1 M pairs in lists of three segments',
    format: 'NDJSON',
    lines: MILLION / LIST_SEGMENTS,
    more: { segmentsPerLine: LIST_SEGMENTS },
  },
];

/** Files of each kind into an empty store, and the same file again; files with bad lines. */
export async function measureImports(bench: Bench): Promise<void> {
  for (const kind of KINDS) {
    const again: Measured[] = [];
    await bench.measure({ id: `${kind.id}-empty`, what: `Muster: ${kind.what}, empty store` }, () =>
      middleOfRounds(bench, () =>
        withEmptyStore(bench, kind, async (run) => {
          const first = await run();
          again.push(await run());
          return first;
        }),
      ),
    );
    if (again.length === bench.options.rounds)
      await bench.measure(
        { id: `${kind.id}-again`, what: `Muster: ${kind.what}, the same file again` },
        async () => middleOf(again),
      );
  }
  const bad = { format: 'NDJSON', lines: MILLION, badPerMille: 10 } as const;
  await bench.measure({ id: 'bad', what: 'Muster: NDJSON, 1 M lines, 1 % bad, empty store' }, () =>
    middleOfRounds(bench, () => withEmptyStore(bench, bad, (run) => run())),
  );
}

async function middleOfRounds(bench: Bench, measure: () => Promise<Measured>): Promise<Measured> {
  const measured: Measured[] = [];
  for (let round = 0; round < bench.options.rounds; round++) measured.push(await measure());
  return middleOf(measured);
}

/** 10 M lines in one file. */
export async function measureLargeFile(bench: Bench): Promise<void> {
  await bench.measure({ id: 'large-file', what: 'Muster: NDJSON, 10 M lines in one file, empty store' }, () =>
    withEmptyStore(bench, { format: 'NDJSON', lines: 10 * MILLION }, (run) => run()),
  );
}

/** Starts a service and writes a file for it; `use` imports that as often as it likes. */
function withEmptyStore<T>(
  bench: Bench,
  of: Omit<Kind, 'id' | 'what'>,
  use: (run: () => Promise<Measured>) => Promise<T>,
): Promise<T> {
  return bench.using(
    () => startServer(bench.scratch),
    async (server) => {
      const segmentIds = await createSegments(server);
      const { mapping, more } = of;
      const documentImportId = await createImport(server, {
        format: of.format,
        ...(mapping === undefined ? {} : { mapping }),
      });
      const to = { datamartId: '1', documentImportId };
      const format = of.format === 'PARQUET' ? 'NDJSON' : of.format;
      const { lines, badPerMille = 0 } = of;
      const workload = workloadOf(bench, { lines, badPerMille, ...more, format, segmentIds });
      const pairs = more?.segmentsPerLine ?? 1;
      const measure = (file: CommandFile) =>
        use(async () => {
          const { count = 0, perSecond = 0, ...rest } = await importWatched(bench, { server, file, to });
          return { ...rest, count: count * pairs, perSecond: perSecond * pairs };
        });
      return withFile(bench.scratch, workload, (file) =>
        of.format === 'PARQUET' ? withParquet(file, measure) : measure(file),
      );
    },
  );
}
