import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as PostgresClient } from 'pg';
import { ADMIN_TOKEN, type Client } from '../client.ts';
import { type RestartableServer, startPostgres } from '../postgres.ts';
import { prepareProcess, type ServiceProcess } from '../process.ts';

/** Several nodes on one machine over one PostgreSQL and one folder of documents. */
export type Cluster = {
  readonly nodes: readonly ServiceProcess[];
  readonly postgres: RestartableServer;
  readonly storeUrl: string;
  /**
   * Asks any node that answers, and another one where one does not: what a load balancer does for
   * its clients.
   */
  readonly client: Client;
  close(): Promise<void>;
};

/**
 * Processes crash here and the machine does not: what was written is there without being synced.
 */
const SETTINGS = { max_connections: '100', fsync: 'off', full_page_writes: 'off' };
const ANSWERED_WITHIN_MS = 90_000;

export async function startCluster(
  folder: string,
  count: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Cluster> {
  const postgres = await startPostgres(SETTINGS);
  const admin = new PostgresClient({ connectionString: postgres.url('postgres') });
  await admin.connect();
  await admin.query('create database muster');
  await admin.end();
  const storeUrl = postgres.url('muster');
  const nodes: ServiceProcess[] = [];
  for (let i = 0; i < count; i++)
    nodes.push(
      await prepareProcess(path.join(folder, `node-${i}`), {
        MUSTER_STORE: storeUrl,
        MUSTER_DOCUMENTS: path.join(folder, 'documents'),
        // as few as leave one for a merge that begins before its turn
        MUSTER_STORE_CONNECTIONS: '9',
        MUSTER_MIN_FREE_BYTES: '0',
        ...env,
      }),
    );
  await Promise.all(nodes.map((node) => node.restart()));
  return {
    nodes,
    postgres,
    storeUrl,
    client: anyOf(nodes),
    close: async () => {
      await Promise.all(nodes.map((node) => node.kill()));
      await postgres.stop();
    },
  };
}

/**
 * A client that is answered as long as any node is there some time soon. What it sends must bear
 * being sent twice.
 */
function anyOf(nodes: readonly ServiceProcess[]): Client {
  let next = 0;
  return {
    baseUrl: 'http://cluster.invalid',
    token: ADMIN_TOKEN,
    async call(...request) {
      const until = Date.now() + ANSWERED_WITHIN_MS;
      for (;;) {
        const node = nodes[next++ % nodes.length] as ServiceProcess;
        try {
          const answer = await node.call(...request);
          if (answer.status < 500 || Date.now() > until) return answer;
        } catch (error) {
          // `fetch` says so when the other side is gone: before, or in the middle of, its answer
          if (!(error instanceof TypeError) || Date.now() > until) throw error;
        }
        await sleep(50);
      }
    },
  };
}
