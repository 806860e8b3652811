import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const PIECES = 8;

/** A file on its way, piece by piece. */
export type SlowUpload = {
  readonly url: string;
  readonly token: string;
  readonly agent: http.Agent;
  readonly body: Buffer;
  /** From the first piece to the last one. */
  readonly ms: number;
  /** Whether the sender goes away after half of it. */
  readonly sender: 'STAYS' | 'GOES_AWAY';
  /** Ends it: a run is over at its time, whatever the service does. */
  readonly signal: AbortSignal;
};

/** What became of it: the answer's status, with the seconds to wait when it names some. */
export type Sent =
  | { readonly outcome: 'ANSWERED'; readonly status: number; readonly retryAfterMs: number }
  | { readonly outcome: 'WENT_AWAY' }
  | { readonly outcome: 'BROKEN'; readonly reason: string };

/** Sends one; an answer that comes early, a refusal, ends it. Never rejects. */
export async function sendSlowly(of: SlowUpload): Promise<Sent> {
  const request = http.request(of.url, {
    method: 'POST',
    agent: of.agent,
    signal: of.signal,
    headers: {
      authorization: of.token,
      'content-type': 'application/x-ndjson',
      'content-length': of.body.length,
    },
  });
  let over = false;
  const answer = answerOf(request).finally(() => {
    over = true;
  });
  const size = Math.ceil(of.body.length / PIECES);
  for (let piece = 0; piece < PIECES && !over; piece++) {
    if (of.sender === 'GOES_AWAY' && piece === PIECES / 2) {
      request.destroy();
      await answer;
      return { outcome: 'WENT_AWAY' };
    }
    request.write(of.body.subarray(piece * size, (piece + 1) * size));
    await Promise.race([sleep(of.ms / PIECES), answer]);
  }
  request.end();
  const sent = await answer;
  // refused before it was whole: what is left of it would hold the connection
  if (sent.outcome === 'ANSWERED' && sent.status !== 200) request.destroy();
  return sent;
}

function answerOf(request: http.ClientRequest): Promise<Sent> {
  return new Promise((resolve) => {
    request.once('error', (error) => resolve({ outcome: 'BROKEN', reason: error.message }));
    request.once('close', () => resolve({ outcome: 'BROKEN', reason: 'closed without an answer' }));
    request.once('response', (response) => {
      response.once('error', (error) => resolve({ outcome: 'BROKEN', reason: error.message }));
      response.resume().once('end', () =>
        resolve({
          outcome: 'ANSWERED',
          status: response.statusCode ?? 0,
          retryAfterMs: Number(response.headers['retry-after'] ?? 0) * 1000,
        }),
      );
    });
  });
}
