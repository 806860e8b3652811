import { setImmediate as nextTurn } from 'node:timers/promises';
import type { UserSelector, UuidHalves } from '../../model/identifier.ts';
import type { Membership } from '../../model/records.ts';
import { userKey } from '../../model/user-key.ts';
import type { Segments } from '../records/membership-rows.ts';
import type { ServedUser, ServingRuns } from '../serving/serving-runs.ts';
import type { Store } from '../store.ts';

/** Users of one call that are looked up before others have their turn: some 2 ms. */
const USERS_PER_TURN = 100;

type Asked = {
  readonly datamartId: string;
  readonly among?: ReadonlySet<string> | undefined;
  readonly segments: Segments;
  readonly now: number;
};

/** The key under which the runs have a user. */
export function keyOf(datamartId: string, user: UserSelector): UuidHalves {
  return user.by === 'identifier' ? userKey(datamartId, user.identifier) : user.userPointId;
}

/** What `listMemberships` tells of a user whom the runs know, or do not. */
export function servedMemberships(
  user: ServedUser | null,
  { datamartId, among, segments, now }: Asked,
): readonly Membership[] | null {
  if (user === null || String(user.datamartId) !== datamartId) return null;
  const live: Membership[] = [];
  for (const { segmentId, creationTs, lastModifiedTs, expirationTs, dataBag } of user.memberships) {
    if (expirationTs !== null && expirationTs <= now) continue;
    const id = String(segmentId);
    const segment = segments.get(id);
    // of a segment that was removed
    if (segment === undefined || (among && !among.has(id))) continue;
    live.push({
      segmentId: id,
      segmentName: segment.name,
      segmentTechnicalName: segment.technicalName,
      creationTs,
      lastModifiedTs,
      expirationTs,
      dataBag,
    });
  }
  return live;
}

/** `Store.listMembershipsOfMany` from the runs; undefined where the tables have to be asked. */
export async function servedMany(
  runs: ServingRuns,
  of: Parameters<Store['listMembershipsOfMany']>[0] & Pick<Asked, 'segments'>,
): Promise<readonly (readonly Membership[] | null)[] | 'TOO_MANY' | undefined> {
  const asked = { ...of, among: of.segmentIds && new Set(of.segmentIds) };
  const found: (readonly Membership[] | null)[] = [];
  let memberships = 0;
  for (let first = 0; first < asked.users.length; first += USERS_PER_TURN) {
    if (first > 0) await nextTurn();
    // side by side: where a disk is slow, each of them waits for it
    const users = await Promise.all(
      asked.users
        .slice(first, first + USERS_PER_TURN)
        .map((user) => runs.lookUp(keyOf(asked.datamartId, user), user.by)),
    );
    for (const user of users) {
      if (user === undefined) return undefined;
      const live = servedMemberships(user, asked);
      // what was removed from the tables is in a run until the next base, and counts no more
      memberships += live?.length ?? 0;
      if (memberships > asked.most) return 'TOO_MANY';
      found.push(live);
    }
  }
  return found;
}
