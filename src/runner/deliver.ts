import { passFaultPoint } from '../fault-points.ts';
import { type Attempt, retryDelayMs, type Target } from '../model/webhook.ts';
import type { Delivery } from '../model/webhook-record.ts';
import type { Reach } from '../webhooks/check-url.ts';
import { type Answer, post, reasonOf } from '../webhooks/post.ts';
import { signatureHeaders } from '../webhooks/sign.ts';

export type DeliverContext = {
  readonly clock: () => number;
  readonly reach: Reach;
  /** Where host names are looked up; at the name servers of the machine where none is named. */
  readonly nameServers: readonly string[];
  /** How long an attempt may take. */
  readonly timeoutMs: number;
  /** The service ends: what is under way is given up, and not counted. */
  readonly closing: AbortSignal;
};

/** One attempt to deliver; null when it was given up since the service ends. Never throws. */
export async function deliver(
  { id, messageId, body, attempts }: Delivery,
  target: Target,
  { clock, reach, nameServers, timeoutMs, closing }: DeliverContext,
): Promise<Attempt | null> {
  const at = clock();
  const startedAt = performance.now();
  const headers = signatureHeaders({ id: messageId, body, at }, target.secrets);
  let answer: Answer | null = null;
  let error: string | null = null;
  try {
    const how = { reach, nameServers, timeoutMs, signal: closing };
    answer = await post({ url: target.url, headers, body, ...how });
    error = whyNot(answer.status);
  } catch (fault) {
    if (closing.aborted) return null;
    error = reasonOf(fault);
  }
  passFaultPoint('webhook-answered');
  const delay =
    error === null
      ? null
      : retryDelayMs(attempts + 1, { random: Math.random(), retryAfterMs: answer?.retryAfterMs ?? null });
  const outcome = outcomeOf({ status: answer?.status ?? null, error, delay });
  return {
    deliveryId: id,
    outcome,
    at,
    durationMs: Math.round(performance.now() - startedAt),
    responseStatus: answer?.status ?? null,
    responseBody: answer?.body ?? null,
    error,
    nextAttemptTs: outcome === 'RETRY' && delay !== null ? clock() + delay : null,
  };
}

/** Null for 2xx. */
function whyNot(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400)
    return `expected 2xx, got ${status}: redirects are not followed, give the URL it leads to`;
  return `expected 2xx, got ${status}`;
}

function outcomeOf(of: {
  readonly status: number | null;
  readonly error: string | null;
  readonly delay: number | null;
}): Attempt['outcome'] {
  if (of.error === null) return 'SUCCEEDED';
  if (of.status === 410) return 'GONE';
  return of.delay === null ? 'FAILED' : 'RETRY';
}
