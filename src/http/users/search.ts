import { Type } from 'typebox';
import { ServiceError } from '../../errors.ts';
import type { UserSelector } from '../../model/identifier.ts';
import type { Store } from '../../store/store.ts';
import { findDatamart } from '../access.ts';
import { okList } from '../answers.ts';
import { answersWithList, DatamartParams, Id, LOOK_UP_REFUSED } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { inCompartment } from './routes.ts';
import { readSelectorMembers, type SelectorMembers } from './selector.ts';
import { MembershipView, viewMembership } from './view.ts';

const MOST_USERS = 1_000;
const MOST_SEGMENTS = 1_000;
/** Of all users together: the answer is built in memory. */
const MOST_MEMBERSHIPS = 100_000;

const User = Type.Object({
  user_point_id: Type.Optional(Type.String()),
  user_account_id: Type.Optional(Type.String()),
  compartment_id: Type.Optional(
    Type.String({ description: 'by default the default compartment of the datamart' }),
  ),
  email_hash: Type.Optional(Type.String()),
  user_agent_id: Type.Optional(Type.String()),
});
const Body = Type.Object({
  users: Type.Array(User, { minItems: 1, maxItems: MOST_USERS, description: 'one identifier each' }),
  segment_ids: Type.Optional(
    Type.Array(Id, {
      minItems: 1,
      maxItems: MOST_SEGMENTS,
      description: 'only memberships in these segments',
    }),
  ),
});
const Found = Type.Object({
  user: User,
  known: Type.Boolean({ description: 'false: the datamart has no such user' }),
  user_segments: Type.Array(MembershipView),
});

/** `POST …/user_segments/search`: the memberships of many users in one answer. */
export function userSearchRoute(app: App, dependencies: HttpDependencies): void {
  const { clock, lookUpGate } = dependencies;
  const schema = {
    tags: ['users'],
    summary: 'Looks up the memberships of up to 1,000 users',
    description: `Each user is named by one identifier. For an unknown user \`known\` is false; that is not an error. The answer has at most ${MOST_MEMBERSHIPS.toLocaleString('en-US')} memberships.`,
    params: DatamartParams,
    body: Body,
    response: { ...answersWithList(Found), ...LOOK_UP_REFUSED },
  };
  const path = '/datamarts/:datamartId/user_segments/search';
  app.post(path, { config: { role: 'reader' }, schema }, async (request) => {
    const { users: asked, segment_ids: segmentIds } = request.body;
    const read = async (store: Store) => {
      const looking = { ...dependencies, store };
      const datamart = await findDatamart({ request, dependencies: looking }, request.params.datamartId);
      const users: UserSelector[] = [];
      for (const [at, members] of asked.entries())
        users.push(await inCompartment(looking, datamart.id, readUser(members, at)));
      return store.listMembershipsOfMany({
        datamartId: datamart.id,
        users,
        ...(segmentIds === undefined ? {} : { segmentIds }),
        now: clock(),
        most: MOST_MEMBERSHIPS,
      });
    };
    const { store } = dependencies;
    const found = await lookUpGate.run(
      'MANY',
      () => store.assuming?.(read) ?? read(store),
      () => request.raw.socket.destroyed,
    );
    if (found === 'TOO_MANY') {
      throw new ServiceError(
        'INVALID_REQUEST',
        `users must have at most ${MOST_MEMBERSHIPS} memberships together: ask for fewer users, or name segment_ids`,
      );
    }
    const elements = asked.map((user, at) => ({ user, memberships: found[at] ?? null }));
    const page = { firstResult: 0, maxResults: MOST_USERS };
    return okList({ elements, total: elements.length }, page, ({ user, memberships }) => ({
      user,
      known: memberships !== null,
      user_segments: (memberships ?? []).map(viewMembership),
    }));
  });
}

/** Says which one of the users it was that is not named as it must be. */
function readUser(members: SelectorMembers, at: number) {
  try {
    return readSelectorMembers(members);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new ServiceError(error.code, `users[${at}]: ${error.message}`, { cause: error });
  }
}
