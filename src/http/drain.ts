import type { IncomingMessage } from 'node:http';

/** How much of a refused upload is still read, and for how long. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_MS = 5_000;

/**
 * Goes on reading a body that nobody wants, for a while, beside the answer. A connection that is
 * closed while its sender still sends is reset, and then many clients never show the answer that
 * says why.
 */
export function drain(request: IncomingMessage): void {
  if (request.complete !== false || request.destroyed) return;
  const { socket } = request;
  const giveUp = () => socket.destroy();
  const timer = setTimeout(giveUp, MOST_MS);
  const settle = () => {
    clearTimeout(timer);
    socket.off('close', settle);
  };
  // The socket's own 'close', since an answered request is told nothing of it any more.
  socket.once('close', settle);
  request.once('end', settle);
  request.on('error', settle);
  let left = MOST_BYTES;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) giveUp();
  });
  // Whatever the body went to may have stopped taking it, and would hold it up.
  request.unpipe();
  request.resume();
}
