import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { Bench } from '../bench.ts';
import { createSegments } from '../import-file.ts';
import { percentile } from '../lookups/percentile.ts';
import { type Server, startServer, watching } from '../server.ts';
import type { Measured } from '../table.ts';
import { mulberry32, userId } from '../workload.ts';

const CONNECTIONS = [1, 16, 64] as const;
const USERS = 1_000_000;
const PATH = '/v1/datamarts/1/user_segment_commands';

/**
 * Calls of one command each, every connection one after the other: they are applied when they are
 * answered.
 */
export async function measureCommandsAtOnce(bench: Bench): Promise<void> {
  for (const connections of CONNECTIONS) {
    const what = `Muster: commands at once, one in each call, ${connections} connections`;
    await bench.measure({ id: `commands-at-once-${connections}`, what }, () =>
      bench.using(
        () => startServer(bench.scratch),
        async (server) => {
          const segmentIds = await createSegments(server, '1');
          const ms = Math.min(bench.options.seconds * 1000, bench.leftMs());
          return watching(server, () => callFor(server, { connections, segmentIds, ms }));
        },
      ),
    );
  }
}

async function callFor(
  server: Server,
  of: { readonly connections: number; readonly segmentIds: readonly string[]; readonly ms: number },
): Promise<Measured> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: of.connections });
  const random = mulberry32(of.connections);
  const tookMs: number[] = [];
  const startedAt = performance.now();
  const caller = async () => {
    while (performance.now() - startedAt < of.ms) {
      const segmentId = of.segmentIds[Math.floor(random() * of.segmentIds.length)];
      const body = `{"commands":[{"operation":"UPDATE","user_account_id":"${userId(Math.floor(random() * USERS))}","segment_id":"${segmentId}","expiration_duration":0}]}`;
      const sentAt = performance.now();
      await call(server, { agent, body });
      tookMs.push(performance.now() - sentAt);
    }
  };
  try {
    await Promise.all(Array.from({ length: of.connections }, caller));
  } finally {
    agent.destroy();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const sorted = Float64Array.from(tookMs).sort();
  return {
    count: sorted.length,
    seconds,
    perSecond: sorted.length / seconds,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
  };
}

async function call(
  { baseUrl, token }: Server,
  { agent, body }: { readonly agent: http.Agent; readonly body: string },
): Promise<void> {
  const request = http.request(`${baseUrl}${PATH}`, {
    ...{ method: 'POST', agent },
    headers: {
      authorization: token,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    },
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const text = (await response.setEncoding('utf8').toArray()).join('');
  assert.equal(response.statusCode, 200, text);
  assert.match(text, /"total_success":1/);
}
