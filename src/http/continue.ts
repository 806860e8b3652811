import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Requests whose sender waits with the body until he is asked for it (`Expect: 100-continue`). */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/**
 * Leaves it to the routes to ask for the body, so that what is refused without it is never sent.
 * Node would ask at once.
 */
export function holdBodies(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.set(request, response);
    server.emit('request', request, response);
  });
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

/** Asks for the body of a request whose sender waits. */
export function askForBody(request: IncomingMessage): void {
  waiting.get(request)?.writeContinue();
  waiting.delete(request);
}

/**
 * Whether the body was never asked for: it may come or not, so that the connection cannot be used
 * again.
 */
export function isBodyHeld(request: IncomingMessage): boolean {
  return waiting.has(request);
}
