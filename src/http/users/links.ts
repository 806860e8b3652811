import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { ERROR_CODES, notFound, ServiceError } from '../../errors.ts';
import type { Rejection } from '../../model/command.ts';
import type { Identifier } from '../../model/identifier.ts';
import { authorOf, findDatamart } from '../access.ts';
import { ok } from '../answers.ts';
import { answersWith, Selector } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { inCompartment } from './routes.ts';
import { parseSelector, selectorText } from './selector.ts';
import { IdentifierView, viewIdentifier } from './view.ts';

const Params = Type.Object({
  datamartId: Type.String(),
  '*': Selector,
});
type LinkRequest = FastifyRequest<{ Params: Static<typeof Params> }>;

// not validated here: the reader of lines says what is wrong
const TextOrNumber = Type.Unsafe<unknown>({ description: 'text, or a whole number' });
const Body = Type.Object(
  {
    user_account_id: Type.Optional(TextOrNumber),
    compartment_id: Type.Optional(TextOrNumber),
    compartment_token: Type.Optional(TextOrNumber),
    email_hash: Type.Optional(TextOrNumber),
    user_agent_id: Type.Optional(TextOrNumber),
  },
  { description: 'one identifier, as a line of a file names it' },
);

/** One more identifier of a user, in both families of paths. */
export function linkRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, clock, readIdentifier } = dependencies;

  async function link(request: LinkRequest, selector: string) {
    const { id: datamartId } = await findDatamart({ request, dependencies }, request.params.datamartId);
    const user = await inCompartment(dependencies, datamartId, parseSelector(selector));
    const catalogue = await store.datamarts.catalogue(datamartId);
    if (catalogue === null) throw notFound();
    const identifier = readIdentifier(request.bodyText, catalogue);
    if ('code' in identifier) throw refusal(identifier);
    const userPointId = await store.findUserPoint(datamartId, user);
    if (userPointId === null) throw notFound();
    const author = authorOf(request, dependencies);
    const attachment = { datamartId, identifier, userPointId, now: clock(), author };
    const attached = await store.attachIdentifier(attachment);
    if (attached === null) throw notFound();
    if (attached === 'TAKEN')
      throw new ServiceError('IDENTIFIER_TAKEN', 'the identifier belongs to another user point');
    const stored = (await store.listIdentifiers(userPointId)).find((each) => isSame(each, identifier));
    if (stored === undefined) throw notFound();
    return ok(viewIdentifier(stored));
  }

  const schema = {
    tags: ['users'],
    summary: 'Adds an identifier to a user',
    description:
      'Adding an identifier that the user already has gives the same answer. 409 `IDENTIFIER_TAKEN` if it belongs to another user point: user points are never merged. Invalid identifiers are refused with the codes of a line of a file.',
    params: Params,
    body: Body,
    response: answersWith(IdentifierView),
  };
  const config = { role: 'editor', keepsText: true } as const;
  app.post('/datamarts/:datamartId/user_identifiers/*', { config, schema }, (request) =>
    link(request, selectorText(request.raw.url ?? '', 'user_identifiers')),
  );
  app.post('/datamarts/:datamartId/user_points/*', { config, schema }, (request) => {
    const text = selectorText(request.raw.url ?? '', 'user_points');
    const [, selector] = /^(.*)\/user_identifiers$/s.exec(text) ?? [];
    if (selector === undefined) throw notFound();
    return link(request, selector);
  });
}

function refusal({ code, message }: Rejection): ServiceError {
  return new ServiceError(ERROR_CODES.find((each) => each === code) ?? 'INVALID_REQUEST', message);
}

function isSame(one: Identifier, other: Identifier): boolean {
  return one.kind === other.kind && one.compartmentId === other.compartmentId && one.value === other.value;
}
