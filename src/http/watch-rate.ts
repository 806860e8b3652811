import type { IncomingMessage } from 'node:http';

export type Rate = {
  /** 0: as slow as it likes. */
  readonly minBytesPerSecond: number;
  /** The time over which that is looked at. */
  readonly windowMs: number;
};

/** Into so many parts a window is cut, to tell whose time passes. */
const SAMPLES = 20;

/**
 * Calls `onSlow` when the body of a request comes too slowly: trickling uploads would take the
 * places of others for hours. Only time counts in which the service waits for the sender; not what
 * its disk takes, nor what comes before another request. Gives what ends the watch.
 */
export function watchUploadRate(
  request: IncomingMessage,
  { minBytesPerSecond, windowMs }: Rate,
  onSlow: () => void,
): () => void {
  if (minBytesPerSecond === 0) return () => undefined;
  const { socket } = request;
  const sampleMs = windowMs / SAMPLES;
  const expected = (minBytesPerSecond * windowMs) / 1000;
  let waited = 0;
  let from = socket.bytesRead;
  const timer = setInterval(() => {
    if (request.readableEnded || request.destroyed) return clearInterval(timer);
    // paused, or with bytes at hand: the sender waits for the service
    const isWaiting = request.readableFlowing === true && request.readableLength === 0;
    if (isWaiting) waited++;
    if (waited < SAMPLES) return;
    if (socket.bytesRead - from < expected) {
      clearInterval(timer);
      onSlow();
    }
    waited = 0;
    from = socket.bytesRead;
  }, sampleMs);
  return () => clearInterval(timer);
}
