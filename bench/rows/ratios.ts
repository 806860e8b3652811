import type { Bench } from '../bench.ts';
import { measuredOf } from '../table.ts';

type Ratio = {
  readonly id: string;
  readonly what: string;
  /** The rates of these two rows, the first divided by the second. */
  readonly of: readonly [string, string];
  readonly goal: string;
};

const RATIOS: readonly Ratio[] = [
  {
    id: 'ratio-empty',
    what: 'rate of Muster / PostgreSQL by hand, empty store',
    of: ['ndjson-empty', 'postgres-empty'],
    goal: '4.5 or more',
  },
  {
    id: 'ratio-again',
    what: 'rate of Muster / PostgreSQL by hand, the same file again',
    of: ['ndjson-again', 'postgres-again'],
    goal: '4.5 or more',
  },
  {
    id: 'ratio-100k-empty',
    what: 'rate of Muster / PostgreSQL by hand, 100,000 lines, empty store',
    of: ['ndjson-100k-empty', 'postgres-100k-empty'],
    goal: '3 or more',
  },
  {
    id: 'ratio-100k-again',
    what: 'rate of Muster / PostgreSQL by hand, the same 100,000 lines again',
    of: ['ndjson-100k-again', 'postgres-100k-again'],
    goal: '3 or more',
  },
  {
    id: 'ratio-store-postgres-empty',
    what: 'rate of Muster over PostgreSQL / PostgreSQL by hand, empty store',
    of: ['store-postgres-empty', 'postgres-empty'],
    goal: '2 or more',
  },
  {
    id: 'ratio-store-postgres-again',
    what: 'rate of Muster over PostgreSQL / PostgreSQL by hand, the same file again',
    of: ['store-postgres-again', 'postgres-again'],
    goal: '2 or more',
  },
  {
    id: 'ratio-store-postgres-10',
    what: 'rate of Muster over PostgreSQL / PostgreSQL by hand, into 10 M memberships',
    of: ['store-postgres-10', 'postgres-10'],
    goal: '2 or more',
  },
  {
    id: 'ratio-rows',
    what: 'rate of Muster / PostgreSQL row by row',
    of: ['ndjson-empty', 'postgres-rows'],
    goal: '',
  },
  {
    id: 'ratio-csv',
    what: 'time of CSV / NDJSON, empty store',
    of: ['ndjson-empty', 'csv-empty'],
    goal: '1.05 or less',
  },
  {
    id: 'ratio-mapped',
    what: 'time of a mapped CSV / a plain one, empty store',
    of: ['csv-empty', 'mapped-empty'],
    goal: '',
  },
  {
    id: 'ratio-lists',
    what: 'pairs a second in lists of three segments / lines with one, empty store',
    of: ['lists-empty', 'ndjson-empty'],
    goal: '1 or more',
  },
  {
    id: 'ratio-bad',
    what: 'time with 1 % bad lines / without, empty store',
    of: ['ndjson-empty', 'bad'],
    goal: '1.15 or less',
  },
  {
    id: 'ratio-parquet',
    what: 'rate of Parquet / NDJSON, empty store',
    of: ['parquet-empty', 'ndjson-empty'],
    goal: '0.8 or more',
  },
  {
    id: 'ratio-30',
    what: 'time into 30 M memberships / empty store',
    of: ['ndjson-empty', 'ndjson-30'],
    goal: '1.3 or less',
  },
  {
    id: 'ratio-large',
    what: 'time for each line of 10 M in one file / of 1 M',
    of: ['ndjson-empty', 'large-file'],
    goal: '1.3 or less',
  },
  {
    id: 'ratio-lookup-live-3',
    what: 'rate of look-ups, 3 M memberships / of GET /health/live',
    of: ['lookup-muster-3-most', 'lookup-muster-3-live'],
    goal: '0.7 or more',
  },
  {
    id: 'ratio-lookup-redis-3',
    what: 'rate of look-ups, 3 M memberships / of Redis behind node:http',
    of: ['lookup-muster-3-most', 'lookup-node:http-3-most'],
    goal: '0.5 or more',
  },
  {
    id: 'ratio-lookup-live-30',
    what: 'rate of look-ups, 30 M memberships / of GET /health/live',
    of: ['lookup-muster-30-most', 'lookup-muster-30-live'],
    goal: '0.7 or more',
  },
  {
    id: 'ratio-lookup-redis-30',
    what: 'rate of look-ups, 30 M memberships / of Redis behind node:http',
    of: ['lookup-muster-30-most', 'lookup-node:http-30-most'],
    goal: '0.5 or more',
  },
];

/** Rows that put two others in relation. */
export function addRatios(bench: Bench): void {
  for (const { id, what, of, goal } of RATIOS) {
    const [above, below] = of.map((row) => measuredOf(bench.rows, row)?.perSecond);
    if (above === undefined || below === undefined) continue;
    const remark = goal === '' ? {} : { remark: `wanted: ${goal}` };
    bench.add({ id, what, outcome: { ratio: above / below, ...remark } });
  }
}
