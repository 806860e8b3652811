import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DuckDBInstance } from '@duckdb/node-api';
import { type Bench, NotHere } from '../bench.ts';
import { type CommandFile, lineBlocks, withFile } from '../files.ts';
import type { Measured } from '../table.ts';
import { MILLION, workloadOf } from '../workloads.ts';

/** What the same file costs to those who do nothing but look at it. */
export async function measureLimits(bench: Bench): Promise<void> {
  const workload = workloadOf(bench, { lines: MILLION, segmentIds: ['1', '2', '3'] });
  await withFile(bench.scratch, workload, async (file) => {
    const timed = (work: (path: string) => Promise<void>) => () => time(file, work);
    await bench.measure({ id: 'wc', what: 'limit: `wc -l`' }, timed(countLines));
    await bench.measure({ id: 'json-parse', what: 'limit: `JSON.parse` of each line' }, timed(parseLines));
    await bench.measure({ id: 'read-ndjson', what: 'limit: DuckDB `read_ndjson`' }, timed(readNdjson));
  });
}

async function time(file: CommandFile, work: (path: string) => Promise<void>): Promise<Measured> {
  const startedAt = performance.now();
  await work(file.path);
  const seconds = (performance.now() - startedAt) / 1000;
  return { count: file.lines, seconds, perSecond: file.lines / seconds };
}

async function countLines(file: string): Promise<void> {
  const child = spawn('wc', ['-l', file], { stdio: 'ignore' });
  await once(child, 'exit').catch((cause: unknown) => {
    throw new NotHere('there is no wc', { cause });
  });
}

async function parseLines(file: string): Promise<void> {
  for await (const lines of lineBlocks(file)) for (const line of lines) JSON.parse(line);
}

async function readNdjson(file: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const columns =
      "{operation: 'varchar', user_account_id: 'varchar', segment_id: 'varchar', expiration_duration: 'bigint', data_bag: 'varchar'}";
    await connection.run(
      `create table command as select * from read_ndjson('${file.replaceAll("'", "''")}', columns = ${columns})`,
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
