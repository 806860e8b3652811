import assert from 'node:assert/strict';
import { Pool } from 'undici';
import { userId } from '../workload.ts';

/** GET requests for random users over keep-alive connections. */
export type LookUps = {
  readonly baseUrl: string;
  /** What stands before the user in the path; the whole path when `users` is 0. */
  readonly path: string;
  readonly token: string;
  /** Users that the store knows: those numbered below this. */
  readonly users: number;
  readonly unknownPerMille: number;
  readonly connections: number;
  /**
   * For each segment group that was filled, its three segments: a user is in the one of its
   * number's remainder.
   */
  readonly segmentGroups: readonly (readonly string[])[];
};

/**
 * One look-up: resolves when it is answered; rejects when the answer is not the one that is due.
 */
export type LookUp = () => Promise<void>;

/** The path of a look-up in Muster, before the user. */
export const LOOK_UP_PATH = '/v1/datamarts/1/user_segments/user_account_id=';

/** How many answers out of a thousand are looked into. */
const SAMPLE_PER_MILLE = 10;

export function lookUpsOf(of: LookUps): { readonly lookUp: LookUp; close(): Promise<void> } {
  const pool = new Pool(of.baseUrl, { connections: of.connections, pipelining: 1, bodyTimeout: 0 });
  const headers = { authorization: of.token };

  const lookUp = async () => {
    const isUnknown = Math.random() * 1000 < of.unknownPerMille;
    const number = Math.floor(Math.random() * of.users) + (isUnknown ? of.users : 0);
    const path = of.users === 0 ? of.path : `${of.path}${userId(number)}`;
    const { statusCode, body } = await pool.request({ method: 'GET', path, headers });
    const text = await body.text();
    const expected = isUnknown ? 404 : 200;
    assert.equal(statusCode, expected, `${path}: ${text.slice(0, 200)}`);
    if (!isUnknown && Math.random() * 1000 < SAMPLE_PER_MILLE) checkSegments(text, number, of.segmentGroups);
  };
  return { lookUp, close: () => pool.destroy() };
}

/** Segments outside the groups are written to by imports meanwhile, and are not looked at. */
function checkSegments(text: string, user: number, groups: LookUps['segmentGroups']): void {
  if (groups.length === 0) return;
  const { data } = JSON.parse(text) as { data: readonly { segment_id: string }[] };
  const filled = new Set(groups.flat());
  const found = data.map(({ segment_id }) => segment_id).filter((id) => filled.has(id));
  assert.deepEqual(
    found.sort(),
    groups.map((group) => group[user % group.length] ?? '').sort(),
    `the segments of user ${user}`,
  );
}
