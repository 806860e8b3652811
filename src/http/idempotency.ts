import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { ServiceError } from '../errors.ts';
import type { IdempotencyKey } from '../model/execution.ts';

/** The header as the description of the API shows it; `readIdempotencyKey` checks it. */
export const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      description:
        'any text of up to 255 visible ASCII characters: the same upload under the same key gives the first execution again, for 24 hours',
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
