import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import { StoreLostError } from '../errors.ts';
import type { Attempt } from '../model/webhook.ts';
import type { Store } from '../store/store.ts';
import { outsideTraces } from '../tracing.ts';
import { observeFault } from './background-metrics.ts';
import { type DeliverContext, deliver } from './deliver.ts';
import { createRests } from './rests.ts';
import { delay } from './retry.ts';
import { createWebhookLanes, MAX_LANES } from './webhook-lanes.ts';
import { observeAttempt } from './webhook-metrics.ts';

/** A webhook gives its place up after so many deliveries, or so long: others may wait for it. */
const LANE = { deliveries: 100, ms: 2_000 } as const;
/**
 * Outcomes that are noted together at most, and how long one waits for others: a commit each would
 * hold up imports.
 */
const NOTED = { attempts: 20, ms: 200 } as const;
/** The pause before outcomes that could not be noted are noted again. */
const NOTE_AGAIN_MS = 5_000;
/** How often it looks for what has become due. */
const MOST_POLL_MS = 5_000;

export type DelivererContext = Omit<DeliverContext, 'closing'> & {
  readonly store: Store;
  readonly logger: Logger;
  readonly intervalMs: number;
};

export interface Deliverer {
  /** There may be something to deliver. */
  wake(): void;
  /** Gives up what is under way, which is delivered at the next start. */
  close(): Promise<void>;
}

/**
 * Delivers to webhooks, in the background. What is to be delivered and when is in the store; what
 * was sent and not noted in a crash is sent again, under the same id. Webhooks do not wait for each
 * other, and no import waits for any.
 */
export function startDeliverer(context: DelivererContext): Deliverer {
  const { store, logger, clock } = context;
  const closing = new AbortController();
  // each lane has one, and Node warns of more than ten
  setMaxListeners(MAX_LANES, closing.signal);
  const lanes = createWebhookLanes();
  const running = new Set<Promise<void>>();
  const rests = createRests(clock);
  let looking: Promise<void> | null = null;
  let askedAgain = false;

  function wake(): void {
    outsideTraces(lookForWork);
  }

  function lookForWork(): void {
    askedAgain = true;
    if (closing.signal.aborted) return;
    looking ??= look().finally(() => {
      looking = null;
      if (askedAgain) lookForWork();
    });
  }

  async function look(): Promise<void> {
    askedAgain = false;
    if (lanes.size >= MAX_LANES) return;
    try {
      const due = (await store.webhooks.listDue(clock())).filter(({ id }) => !rests.isResting(id));
      for (let next = lanes.take(due); next !== null; next = lanes.take(due)) {
        if (closing.signal.aborted) return lanes.release(next.id);
        const lane = runLane(next.id).finally(() => running.delete(lane));
        running.add(lane);
      }
    } catch (fault) {
      noteFault(fault);
    }
  }

  async function runLane(webhookId: string): Promise<void> {
    try {
      await deliverDue(webhookId);
    } catch (fault) {
      noteFault(fault);
      rests.rest(webhookId);
    } finally {
      lanes.release(webhookId);
      lookForWork();
    }
  }

  /** What is due of a webhook, one after the other, until it is to rest or its turn is over. */
  async function deliverDue(webhookId: string): Promise<void> {
    const startedAt = performance.now();
    const of = { webhookId, now: clock(), most: LANE.deliveries };
    const due = await store.webhooks.takeDue(of);
    let attempts: Attempt[] = [];
    let notedAt = startedAt;
    const note = async () => {
      const noted = attempts;
      attempts = [];
      notedAt = performance.now();
      if (noted.length > 0) await noteAttempts(webhookId, noted);
    };
    for (const delivery of due?.deliveries ?? []) {
      if (due === null || closing.signal.aborted || performance.now() - startedAt > LANE.ms) break;
      const attempt = await deliver(delivery, due.target, { ...context, closing: closing.signal });
      if (attempt === null) break;
      attempts.push(attempt);
      lanes.noteOutcome(webhookId, attempt.outcome === 'SUCCEEDED');
      if (attempts.length >= NOTED.attempts || performance.now() - notedAt > NOTED.ms) await note();
      if (!rests.noteOutcome(webhookId, attempt.outcome)) break;
    }
    await note();
  }

  async function noteAttempts(webhookId: string, attempts: readonly Attempt[]): Promise<void> {
    const disabled = await untilNoted(() => store.webhooks.noteAttempts(webhookId, attempts));
    for (const attempt of attempts) {
      observeAttempt(attempt);
      const { deliveryId, outcome, responseStatus, durationMs, error } = attempt;
      if (outcome === 'SUCCEEDED') continue;
      const of = { webhook_id: webhookId, delivery_id: deliveryId, outcome };
      logger.warn(
        { ...of, status: responseStatus, ms: durationMs, reason: error },
        'a delivery to a webhook did not succeed',
      );
    }
    if (disabled !== null) logger.warn({ webhook_id: webhookId, reason: disabled }, 'webhook was disabled');
  }

  /**
   * As long as it cannot be noted, on a full disk for one, nothing more is sent: it would be sent
   * again and again.
   */
  async function untilNoted<T>(note: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await note();
      } catch (fault) {
        if (fault instanceof StoreLostError || closing.signal.aborted) throw fault;
        noteFault(fault);
        await delay(NOTE_AGAIN_MS, closing.signal);
      }
    }
  }

  function noteFault(fault: unknown): void {
    observeFault('deliver');
    logger.error({ err: fault }, 'webhooks cannot be delivered to now, it is tried again');
  }

  const timer = setInterval(wake, Math.min(context.intervalMs, MOST_POLL_MS));
  wake();
  return {
    wake,
    close: async () => {
      closing.abort();
      clearInterval(timer);
      await looking;
      await Promise.all(running);
    },
  };
}
