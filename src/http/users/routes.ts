import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import type { UserSelector } from '../../model/identifier.ts';
import type { Store } from '../../store/store.ts';
import { findDatamart } from '../access.ts';
import { idsOf, okList, pageOf } from '../answers.ts';
import { timeLookUp } from '../request-metrics.ts';
import { answersWithList, LOOK_UP_REFUSED, Paging, PagingQuery, Selector } from '../schemas.ts';
import { KnownSince, viewChange, viewOrigin } from '../segments/change-view.ts';
import type { App, HttpDependencies } from '../types.ts';
import { parseSelector, type RequestedUser, selectorText } from './selector.ts';
import { IdentifierView, MembershipView, viewIdentifier, viewMembership, viewUserPoint } from './view.ts';

const Params = Type.Object({
  datamartId: Type.String(),
  '*': Selector,
});
const MembershipsQuery = Type.Object({
  ...Paging,
  segment_ids: Type.Optional(
    Type.String({ description: 'only memberships in these segments: ids, comma-separated' }),
  ),
});
const MOST_SELECTIONS = 10_000;
const tags = ['users'];

type LookUp = Parameters<typeof timeLookUp>[0];

type UserRequest = FastifyRequest<{
  Params: Static<typeof Params>;
  Querystring: Static<typeof MembershipsQuery>;
}>;

/** The lists of what is known of one user. */
function listingsOf(dependencies: HttpDependencies) {
  const { clock, eventLoopLag, lookUpGate } = dependencies;

  /** Looks up the user that a request names; no user, and no answer, is a 404. */
  async function lookUp<T>(
    { request, selector, what }: { request: UserRequest; selector: string; what: LookUp },
    find: (store: Store, user: { datamartId: string; user: UserSelector }) => Promise<T | null>,
  ): Promise<T> {
    const read = async (store: Store) => {
      const looking = store === dependencies.store ? dependencies : { ...dependencies, store };
      const { id } = await findDatamart({ request, dependencies: looking }, request.params.datamartId);
      const user = await inCompartment(looking, id, parseSelector(selector));
      return timeLookUp(what, () => find(store, { datamartId: id, user }));
    };
    const { store } = dependencies;
    const kind = what === 'changes' ? 'CHANGES' : 'ONE';
    if (kind === 'ONE') request.lookUpLagMs = eventLoopLag.current();
    const found = await lookUpGate.run(
      kind,
      () => store.assuming?.(read) ?? read(store),
      () => request.raw.socket.destroyed,
    );
    if (found === null) throw notFound();
    return found;
  }

  /** Which part of a list is asked for. */
  function partOf({ query }: UserRequest) {
    const segmentIds = idsOf('segment_ids', query.segment_ids);
    return { page: pageOf(query), ...(segmentIds === undefined ? {} : { segmentIds }), now: clock() };
  }

  async function listMemberships(request: UserRequest, selector: string) {
    const listed = await lookUp({ request, selector, what: 'memberships' }, (store, user) =>
      store.listMemberships({
        datamartId: user.datamartId,
        user: user.user,
        segmentIds: idsOf('segment_ids', request.query.segment_ids),
        now: clock(),
        page: pageOf(request.query),
      }),
    );
    return okList(listed, pageOf(request.query), viewMembership);
  }

  async function listChanges(request: UserRequest, selector: string) {
    const listed = await lookUp({ request, selector, what: 'changes' }, (store, user) =>
      store.listChanges({ ...user, ...partOf(request) }),
    );
    return { ...okList(listed, pageOf(request.query), viewChange), known_since: listed.knownSince };
  }

  async function listOrigins(request: UserRequest, selector: string) {
    const listed = await lookUp({ request, selector, what: 'changes' }, (store, user) =>
      store.listOrigins({ ...user, ...partOf(request) }),
    );
    return { ...okList(listed, pageOf(request.query), viewOrigin), known_since: listed.knownSince };
  }

  async function listIdentifiers(request: UserRequest, selector: string) {
    const { userPointId, stored } = await lookUp(
      { request, selector, what: 'identifiers' },
      async (store, { datamartId, user }) => {
        const userPointId = await store.findUserPoint(datamartId, user);
        return userPointId === null
          ? null
          : { userPointId, stored: await store.listIdentifiers(userPointId) };
      },
    );
    const page = pageOf(request.query);
    const [oldest] = stored;
    const all = [viewUserPoint(userPointId, oldest?.creationTs ?? 0), ...stored.map(viewIdentifier)];
    const elements = all.slice(page.firstResult, page.firstResult + page.maxResults);
    return okList({ elements, total: all.length }, page, (identifier) => identifier);
  }

  return { listMemberships, listChanges, listOrigins, listIdentifiers };
}

/**
 * What is known of one user, by any of its identifiers; two families of paths, as clients use both
 * (spec §4).
 */
export function userRoutes(app: App, dependencies: HttpDependencies): void {
  const { listMemberships, listChanges, listOrigins, listIdentifiers } = listingsOf(dependencies);
  type Listing = typeof listMemberships | typeof listIdentifiers | typeof listChanges | typeof listOrigins;
  const listings: ReadonlyMap<string, Listing> = new Map<string, Listing>([
    ['user_segments', listMemberships],
    ['user_identifiers', listIdentifiers],
    ['user_segment_changes', listChanges],
    ['user_segment_origins', listOrigins],
  ]);
  const common = { tags, params: Params, querystring: PagingQuery };
  const memberships = {
    ...common,
    querystring: MembershipsQuery,
    summary: 'Looks up the memberships of a user',
    response: { ...answersWithList(MembershipView), ...LOOK_UP_REFUSED },
  };
  const identifiers = {
    ...common,
    summary: 'Looks up the identifiers of a user',
    response: { ...answersWithList(IdentifierView), ...LOOK_UP_REFUSED },
  };
  const config = { role: 'reader' } as const;

  app.get('/datamarts/:datamartId/user_segments/*', { config, schema: memberships }, (request) =>
    listMemberships(request, selectorText(request.raw.url ?? '', 'user_segments')),
  );
  app.get('/datamarts/:datamartId/user_identifiers/*', { config, schema: identifiers }, (request) =>
    listIdentifiers(request, selectorText(request.raw.url ?? '', 'user_identifiers')),
  );

  const list = answersWithList(Type.Unsafe<object>({ type: 'object', additionalProperties: true }));
  const either = {
    ...common,
    querystring: MembershipsQuery,
    summary:
      'Looks up the memberships of a user (…/user_segments), identifiers (…/user_identifiers), membership changes (…/user_segment_changes) or origins of memberships (…/user_segment_origins)',
    response: {
      ...list,
      ...LOOK_UP_REFUSED,
      200: Type.Object({ ...list[200].properties, known_since: Type.Optional(KnownSince) }),
    },
  };
  app.get('/datamarts/:datamartId/user_points/*', { config, schema: either }, async (request) => {
    const text = selectorText(request.raw.url ?? '', 'user_points');
    const [, selector, what = ''] = /^(.*)\/([a-z_]+)$/s.exec(text) ?? [];
    const listing = listings.get(what);
    if (selector === undefined || listing === undefined) throw notFound();
    return listing(request, selector);
  });
}

/** An account without compartment is one of the datamart's default compartment. */
export async function inCompartment(
  { store }: HttpDependencies,
  datamartId: string,
  requested: RequestedUser,
): Promise<UserSelector> {
  if (requested.by !== 'account_in_default_compartment') return requested;
  const page = { firstResult: 0, maxResults: MOST_SELECTIONS };
  const { elements } = await store.compartments.listSelections(datamartId, page);
  const selection = elements.find(({ isDefault, archived }) => isDefault && !archived);
  if (selection === undefined) {
    throw new ServiceError('INVALID_SELECTOR', 'compartment_id is required: the datamart has no default one');
  }
  const { compartmentId } = selection;
  return {
    by: 'identifier',
    identifier: { kind: 'USER_ACCOUNT', compartmentId, value: requested.userAccountId },
  };
}
