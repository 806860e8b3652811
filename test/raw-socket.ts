import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What came back over a socket until it was closed or nothing came for a while. */
export type Exchange = {
  /** Everything. */
  readonly text: string;
  /** Status line and headers of the first answer. */
  readonly head: string;
  /** Status of each answer, in order. */
  readonly statuses: readonly number[];
  /** Whether the service closed the connection. */
  readonly closed: boolean;
};

/**
 * Sends bytes as they are, piece by piece; what no HTTP client would send. Waits at most `waitMs`
 * for the service to close.
 */
export async function exchange(
  service: { readonly baseUrl: string },
  pieces: string | Buffer | readonly (string | Buffer)[],
  waitMs = 1_000,
): Promise<Exchange> {
  const { hostname, port } = new URL(service.baseUrl);
  const socket = net.connect(Number(port), hostname);
  const parts: Buffer[] = [];
  let closed = false;
  socket.on('data', (part) => parts.push(part));
  socket.on('error', () => {});
  const end = new Promise<void>((resolve) =>
    socket.once('close', () => {
      closed = true;
      resolve();
    }),
  );
  for (const piece of typeof pieces === 'string' || Buffer.isBuffer(pieces) ? [pieces] : pieces) {
    socket.write(piece);
    await sleep(5);
  }
  await Promise.race([end, sleep(waitMs)]);
  const ended = closed;
  socket.destroy();
  const text = Buffer.concat(parts).toString('latin1');
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  return { text, head: text.split('\r\n\r\n', 1)[0] ?? '', statuses, closed: ended };
}
