import http from 'node:http';
import { userId } from '../workload.ts';

/** Asks for the memberships of random users over keep-alive connections. */
export type LookUps = {
  readonly baseUrl: string;
  readonly token: string;
  /** Users that the store knows: those numbered below this. */
  readonly users: number;
  readonly unknownPerMille: number;
  readonly connections: number;
};

/** One look-up: resolves to the time it took in ms; rejects when the answer is not the one that is due. */
export type LookUp = () => Promise<number>;

export function lookUpsOf(of: LookUps): { readonly lookUp: LookUp; close(): void } {
  const agent = new http.Agent({ keepAlive: true, maxSockets: of.connections });
  const headers = { authorization: of.token };
  const { hostname, port } = new URL(of.baseUrl);

  const lookUp = () => {
    const isUnknown = Math.random() * 1000 < of.unknownPerMille;
    const number = Math.floor(Math.random() * of.users) + (isUnknown ? of.users : 0);
    const path = `/v1/datamarts/1/user_segments/user_account_id=${userId(number)}`;
    return new Promise<number>((resolve, reject) => {
      const startedAt = performance.now();
      const request = http.get({ hostname, port, path, agent, headers }, (response) => {
        response.resume().once('end', () => {
          const tookMs = performance.now() - startedAt;
          const expected = isUnknown ? 404 : 200;
          if (response.statusCode === expected) resolve(tookMs);
          else reject(new Error(`expected ${expected} for ${path}, got ${response.statusCode}`));
        });
      });
      request.once('error', reject);
    });
  };
  return { lookUp, close: () => agent.destroy() };
}
