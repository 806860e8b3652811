import type { FastifyRequest } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import { ServiceError } from '../errors.ts';
import type { IdempotencyKey } from '../model/execution.ts';
import { Count, ID, Id, instant, oneOf } from '../model/schema.ts';

export {
  Count,
  Id,
  Instant,
  instant,
  isId,
  LATEST_INSTANT,
  Name,
  nullableInteger,
  nullableText,
  nullOr,
  oneOf,
} from '../model/schema.ts';

/**
 * The pieces of which the schemas of requests and answers are made; OpenAPI is generated from them.
 */

/** A larger page is cut to this, never refused (spec §2). */
export const MOST_RESULTS = 1000;

/** The end of a path that names a user; selector.ts reads it. */
export const Selector = Type.String({
  description:
    'a user: user_account_id=…, alone or after compartment_id=…,; email_hash=…; user_agent_id=…; user_point_id=…, or a UUID alone',
  examples: ['user_account_id=1001'],
});

export const ErrorAnswer = Type.Object({
  status: Type.Literal('error'),
  error: Type.String(),
  error_code: Type.String(),
  error_id: Type.String({ description: 'id of the request, also in its log line and in X-Request-Id' }),
});

/**
 * The answers of a look-up beside those of any route: it waits for its turn, in limited number and
 * for a limited time.
 */
export const LOOK_UP_REFUSED = {
  503: {
    ...ErrorAnswer,
    description:
      'LOOKUPS_OVERLOADED: too many look-ups are in progress (maxLookups), or this one was not answered in time (lookupWaitMs). NOT_READY: the store does not answer',
    headers: { 'Retry-After': { type: 'integer', description: 'seconds' } },
  },
} as const;

const ERRORS = { '4xx': ErrorAnswer, '5xx': ErrorAnswer } as const;

/** The answers of a route that gives one object. */
export function answersWith<T extends TSchema>(element: T) {
  return { 200: Type.Object({ status: Type.Literal('ok'), data: element }), ...ERRORS };
}

/** The answers of a route that gives a list. */
export function answersWithList<T extends TSchema>(element: T) {
  const list = Type.Object({
    status: Type.Literal('ok'),
    data: Type.Array(element),
    count: Count,
    first_result: Count,
    max_results: Count,
    total: Count,
  });
  return { 200: list, ...ERRORS };
}

export const Paging = {
  first_result: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0 })),
  // clients ask for 2^31 - 1, 2^63 - 1, and more
  max_results: Type.Optional(
    Type.Integer({
      minimum: 0,
      'x-clamped': MOST_RESULTS,
      default: 50,
      description: 'larger values count as 1000',
    }),
  ),
};

export const PagingQuery = Type.Object(Paging);

export const DatamartParams = Type.Object({ datamartId: Type.String() });
export type ErrorAnswer = Static<typeof ErrorAnswer>;

export const ExecutionsQuery = Type.Object({
  ...Paging,
  status: Type.Optional(Type.String({ description: 'one or several, comma-separated' })),
});

/** The filters of the list of all executions of a datamart. Those that are given must all hold. */
export const ExecutionFilterQuery = Type.Object({
  ...ExecutionsQuery.properties,
  document_import_id: Type.Optional(Id),
  segment_id: Type.Optional(
    Type.String({ ...ID, description: 'user lists of this segment, and their reverts' }),
  ),
  job_type: Type.Optional(
    Type.String({
      description: 'one or several of DOCUMENT_IMPORT, USER_SEGMENT_IMPORT and REVERT, comma-separated',
    }),
  ),
  dry_run: Type.Optional(Type.Boolean({ description: 'true: only dry runs; false: no dry runs' })),
  mode: Type.Optional(oneOf(['update', 'replace'])),
  has_failed_lines: Type.Optional(Type.Boolean()),
  user_id: Type.Optional(Type.String({ ...ID, description: 'id of the token that uploaded the file' })),
  file_name: Type.Optional(
    Type.String({ maxLength: 255, description: 'part of the file name; letter case is ignored' }),
  ),
  from: Type.Optional(instant('created at this instant or later, ms since the epoch')),
  to: Type.Optional(instant('created before this instant, ms since the epoch')),
});
export const Action = Type.Object({ action: Type.String({ examples: ['CANCEL', 'REVERT'] }) });

/** The header as the description of the API shows it; `readIdempotencyKey` checks it. */
export const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      description:
        'any text of up to 255 visible ASCII characters. For 24 hours, the same upload with the same key returns the first execution',
    }),
  ),
});

/** The key of an upload, with what else of the request decides what it does: its query. */
export function readIdempotencyKey({ headers, query }: FastifyRequest): IdempotencyKey | undefined {
  const value = headers['idempotency-key'];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(value)) {
    throw new ServiceError(
      'INVALID_REQUEST',
      'Idempotency-Key must be 1 to 255 visible ASCII characters without blanks',
    );
  }
  const parameters = Object.entries((query ?? {}) as Record<string, unknown>).sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  return { value, parameters: JSON.stringify(parameters) };
}
