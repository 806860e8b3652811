import { createServer } from 'node:net';

/** The wished port when nobody listens on it, else `0`, which takes a free one. */
export function freePort(wished: string): Promise<string> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve('0'));
    probe.listen({ host: '127.0.0.1', port: Number(wished) }, () => probe.close(() => resolve(wished)));
  });
}
