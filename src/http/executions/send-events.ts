import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Execution } from '../../model/execution.ts';
import { tokenOf } from '../access.ts';
import { ErrorAnswer } from '../schemas.ts';
import type { HttpDependencies } from '../types.ts';

/** What the routes of events have in common. No HEAD: it would open a stream. */
export const EVENTS_ROUTE = { config: { role: 'reader' }, exposeHeadRoute: false } as const;

export const EVENTS_SCHEMA = {
  tags: ['executions'],
  summary: 'Progress and end of an execution as server-sent events',
  description:
    'Sends `progress` events and one `end` event; their data is the execution. With Last-Event-ID, events already seen are not sent again; 204 if the end was already seen.',
  produces: ['text/event-stream'],
  response: { '4xx': ErrorAnswer, '5xx': ErrorAnswer },
};

/** Answers with the events of an execution. */
export function sendEvents(
  { eventStreams }: HttpDependencies,
  { execution, request, reply }: { execution: Execution; request: FastifyRequest; reply: FastifyReply },
): FastifyReply {
  const { 'last-event-id': known } = request.headers;
  const client = new AbortController();
  reply.raw.once('close', () => client.abort());
  if (reply.raw.destroyed) client.abort();
  const lastEventId = typeof known === 'string' ? known : null;
  const stream = eventStreams.open(execution, {
    tokenId: tokenOf(request).id,
    lastEventId,
    gone: client.signal,
  });
  // the one answer without a body: it is what keeps a browser from connecting again
  if (stream === null) return reply.code(204).send();
  return (
    reply
      .type('text/event-stream')
      .header('Cache-Control', 'no-store')
      .header('X-Accel-Buffering', 'no')
      // with the stream: a connection that is kept afterwards would be waited for when the service
      // stops
      .header('Connection', 'close')
      .send(stream)
  );
}
