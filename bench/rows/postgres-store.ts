import path from 'node:path';
import type { Client as PostgresClient } from 'pg';
import { createImport } from '../../test/client.ts';
import type { Bench } from '../bench.ts';
import { type CommandFile, withFile } from '../files.ts';
import { createSegments, importFile, importWatched } from '../import-file.ts';
import { openPostgres, type Postgres } from '../postgres/open-postgres.ts';
import { startServer } from '../server.ts';
import type { Measured } from '../table.ts';
import { MILLION, workloadOf } from '../workloads.ts';
import { idleFor, lookUp, PER_SECOND } from './lookups.ts';

const NODES = [1, 2, 3] as const;

/** Muster over PostgreSQL, the same server with the same settings as the pipeline by hand has. */
export async function measurePostgresStore(bench: Bench): Promise<void> {
  await bench.using(
    () => openPostgres(bench),
    async (postgres) => {
      await measureOneNode(bench, postgres);
      await measureNodes(bench, postgres);
    },
  );
}

async function measureOneNode(bench: Bench, postgres: Postgres): Promise<void> {
  await withStore(bench, postgres, 'one_node', async (env) => {
    await bench.using(
      () => startServer(bench.scratch, env),
      async (server) => {
        const segmentIds = await createSegments(server);
        const documentImportId = await createImport(server, { format: 'NDJSON' });
        const to = { datamartId: '1', documentImportId };
        const of = (lines: number) =>
          workloadOf(bench, { format: 'NDJSON', lines, badPerMille: 0, segmentIds });
        await withFile(bench.scratch, of(MILLION), async (file) => {
          await bench.measure(
            { id: 'store-postgres-empty', what: 'Muster over PostgreSQL: NDJSON, 1 M lines, empty store' },
            () => importWatched(bench, { server, file, to }),
          );
          await bench.measure(
            { id: 'store-postgres-again', what: 'Muster over PostgreSQL: NDJSON, the same file again' },
            () => importWatched(bench, { server, file, to }),
          );
        });
        // each of the users is put in once, so that look-ups find them all
        const all = { ...of(10 * MILLION), deletePerMille: 0, repeatedPerMille: 0 };
        await withFile(bench.scratch, all, (file) =>
          bench.measure(
            { id: 'store-postgres-fill', what: 'Muster over PostgreSQL: NDJSON, 10 M users, one file' },
            () => importWatched(bench, { server, file, to }),
          ),
        );
        await withFile(bench.scratch, { ...of(MILLION), seed: 2 }, (file) =>
          bench.measure(
            {
              id: 'store-postgres-10',
              what: 'Muster over PostgreSQL: NDJSON, 1 M lines into 10 M memberships',
            },
            () => importWatched(bench, { server, file, to }),
          ),
        );
        await bench.measure(
          {
            id: 'store-postgres-lookup-idle',
            what: `Muster over PostgreSQL: look-ups ${PER_SECOND}/s, idle, 10 M memberships`,
          },
          () => lookUp(bench, { server }, { load: {}, meanwhile: () => idleFor(bench) }),
        );
        await withFile(bench.scratch, { ...of(MILLION), seed: 3 }, (file) =>
          bench.measure(
            {
              id: 'store-postgres-lookup-import',
              what: `Muster over PostgreSQL: look-ups ${PER_SECOND}/s, while 1 M lines are imported`,
            },
            () =>
              lookUp(
                bench,
                { server },
                {
                  load: {},
                  meanwhile: () => importFile(server, { file, to, timeoutMs: bench.leftMs() }),
                },
              ),
          ),
        );
      },
    );
  });
}

/**
 * One file for each of three datamarts, taken by so many nodes: what a machine with cores for all
 * of them would gain.
 */
async function measureNodes(bench: Bench, postgres: Postgres): Promise<void> {
  for (const count of NODES) {
    await bench.measure(
      {
        id: `store-postgres-nodes-${count}`,
        what: `Muster over PostgreSQL: three files of 200,000 lines, three datamarts, ${count} ${count === 1 ? 'node' : 'nodes'}`,
      },
      () => withStore(bench, postgres, `nodes_${count}`, (env) => measureCount(bench, count, env)),
    );
  }
}

async function measureCount(
  bench: Bench,
  count: number,
  env: Readonly<Record<string, string>>,
): Promise<Measured> {
  const servers = await Promise.all(
    Array.from({ length: count }, () =>
      startServer(bench.scratch, { ...env, MUSTER_PARALLEL_EXECUTIONS: '1' }),
    ),
  );
  try {
    const [first] = servers;
    if (first === undefined) throw new Error('there is no node');
    const targets = await Promise.all(
      NODES.map(async (i) => {
        const created = await first.call('POST', '/v1/datamarts', {
          organisation_id: '1',
          name: `nodes ${i}`,
          token: `nodes-${i}`,
        });
        const datamartId = (created.json as { data: { id: string } }).data.id;
        const segmentIds = await createSegments(first, datamartId);
        return {
          segmentIds,
          to: { datamartId, documentImportId: await createImport(first, { format: 'NDJSON', datamartId }) },
        };
      }),
    );
    const lines = 0.2 * MILLION;
    const run = async (files: readonly CommandFile[]): Promise<Measured> => {
      const startedAt = performance.now();
      await Promise.all(
        files.map((file, i) => {
          const target = targets[i];
          if (target === undefined) throw new Error('there is no datamart for a file');
          return importFile(servers[i % count] ?? first, { file, to: target.to, timeoutMs: bench.leftMs() });
        }),
      );
      const seconds = (performance.now() - startedAt) / 1000;
      const total = files.reduce((sum, file) => sum + file.lines, 0);
      return { count: total, seconds, perSecond: total / seconds };
    };
    const withFiles = (files: readonly CommandFile[]): Promise<Measured> => {
      const target = targets[files.length];
      if (target === undefined) return run(files);
      const workload = workloadOf(bench, {
        format: 'NDJSON',
        lines,
        badPerMille: 0,
        segmentIds: target.segmentIds,
      });
      return withFile(bench.scratch, workload, (file) => withFiles([...files, file]));
    };
    return await withFiles([]);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

/** A database of its own, and what a node is told of it. */
async function withStore<T>(
  bench: Bench,
  { client, socketDir }: Postgres,
  name: string,
  work: (env: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  await client.query(`create database ${name}`);
  const { user, password, port } = client as PostgresClient & { password: string };
  const store = `postgres://${user}:${password}@localhost:${port}/${name}?host=${encodeURIComponent(socketDir)}`;
  try {
    return await work({
      MUSTER_STORE: store,
      MUSTER_DOCUMENTS: path.join(bench.scratch, `documents-${name}`),
    });
  } finally {
    await client.query(`drop database ${name} with (force)`);
  }
}
