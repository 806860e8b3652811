import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import { StoreLostError } from '../errors.ts';
import type { Attempt } from '../model/webhook.ts';
import type { Store } from '../store/store.ts';
import { observeFault } from './background-metrics.ts';
import { type DeliverContext, deliver } from './deliver.ts';
import type { Job, Turn } from './job.ts';
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

/**
 * Delivers to webhooks. What is to be delivered and when is in the store; what was sent and not
 * noted in a crash is sent again, under the same id. Webhooks do not wait for each other, and no
 * import waits for any.
 */
export function deliveryJob(context: DelivererContext): Job {
  const deliverer = new Deliverer(context);
  return {
    name: 'deliveries',
    wokenBy: 'DELIVERY_DUE',
    intervalMs: Math.min(context.intervalMs, MOST_POLL_MS),
    turn: (turn) => deliverer.startLanes(turn),
    onFault: (fault) => deliverer.noteFault(fault),
    finish: () => deliverer.finish(),
  };
}

/** The lanes of webhooks that are being delivered to, and the webhooks that are to rest. */
class Deliverer {
  readonly #context: DelivererContext;
  readonly #lanes = createWebhookLanes();
  readonly #running = new Set<Promise<void>>();
  readonly #rests: ReturnType<typeof createRests>;

  constructor(context: DelivererContext) {
    this.#context = context;
    this.#rests = createRests(context.clock);
  }

  /** Starts a lane for each webhook that something is due of, while there are lanes. */
  async startLanes(turn: Turn): Promise<boolean> {
    if (this.#lanes.size >= MAX_LANES) return false;
    // each lane has a listener, and Node warns of more than ten
    setMaxListeners(MAX_LANES, turn.signal);
    const { store, clock } = this.#context;
    const due = (await store.webhooks.listDue(clock())).filter(({ id }) => !this.#rests.isResting(id));
    for (let next = this.#lanes.take(due); next !== null; next = this.#lanes.take(due)) {
      if (turn.signal.aborted) {
        this.#lanes.release(next.id);
        return false;
      }
      const lane = this.#runLane(next.id, turn).finally(() => this.#running.delete(lane));
      this.#running.add(lane);
    }
    return false;
  }

  /** What is under way is given up, and delivered at the next start. */
  async finish(): Promise<void> {
    await Promise.all(this.#running);
  }

  noteFault(fault: unknown): void {
    observeFault('deliver');
    this.#context.logger.error({ err: fault }, 'webhooks cannot be delivered to now, it is tried again');
  }

  async #runLane(webhookId: string, { signal, wake }: Turn): Promise<void> {
    try {
      await this.#deliverDue(webhookId, signal);
    } catch (fault) {
      this.noteFault(fault);
      this.#rests.rest(webhookId);
    } finally {
      this.#lanes.release(webhookId);
      wake();
    }
  }

  /** What is due of a webhook, one after the other, until it is to rest or its turn is over. */
  async #deliverDue(webhookId: string, closing: AbortSignal): Promise<void> {
    const { store, clock } = this.#context;
    const startedAt = performance.now();
    const due = await store.webhooks.takeDue({ webhookId, now: clock(), most: LANE.deliveries });
    let attempts: Attempt[] = [];
    let notedAt = startedAt;
    const note = async () => {
      const noted = attempts;
      attempts = [];
      notedAt = performance.now();
      if (noted.length > 0) await this.#noteAttempts({ webhookId, attempts: noted }, closing);
    };
    for (const delivery of due?.deliveries ?? []) {
      if (due === null || closing.aborted || performance.now() - startedAt > LANE.ms) break;
      const attempt = await deliver(delivery, due.target, { ...this.#context, closing });
      if (attempt === null) break;
      attempts.push(attempt);
      this.#lanes.noteOutcome(webhookId, attempt.outcome === 'SUCCEEDED');
      if (attempts.length >= NOTED.attempts || performance.now() - notedAt > NOTED.ms) await note();
      if (!this.#rests.noteOutcome(webhookId, attempt.outcome)) break;
    }
    await note();
  }

  async #noteAttempts(
    { webhookId, attempts }: { readonly webhookId: string; readonly attempts: readonly Attempt[] },
    closing: AbortSignal,
  ): Promise<void> {
    const { store, logger } = this.#context;
    const disabled = await this.#untilNoted(() => store.webhooks.noteAttempts(webhookId, attempts), closing);
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
  async #untilNoted<T>(note: () => Promise<T>, closing: AbortSignal): Promise<T> {
    for (;;) {
      try {
        return await note();
      } catch (fault) {
        if (fault instanceof StoreLostError || closing.aborted) throw fault;
        this.noteFault(fault);
        await delay(NOTE_AGAIN_MS, closing);
      }
    }
  }
}
