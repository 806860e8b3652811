import type { Author } from '../model/audit.ts';
import type { Listed, Page } from '../model/records.ts';
import type { Attempt, DeliveryStatus, Target } from '../model/webhook.ts';
import type { Delivery, Webhook } from '../model/webhook-record.ts';

/** What a webhook is made of; what the rest is, is said by the store. */
export type NewWebhook = Pick<
  Webhook,
  'datamartId' | 'documentImportId' | 'name' | 'url' | 'events' | 'creationTs'
> & { readonly secret: string };

export type WebhookChange = Partial<
  Pick<Webhook, 'documentImportId' | 'name' | 'url' | 'events' | 'enabled'>
>;

/** A webhook that has something to be sent. */
export type DueWebhook = { readonly id: string; readonly datamartId: string };

/**
 * The part of `Store` that is about webhooks. Every call of a store that ends executions makes, in
 * its own transaction, a PENDING delivery for each webhook that is enabled and wants that event:
 * `executions.finish`, `mergeGroup`, `executions.cancel` of a PENDING one, and the removal of an
 * import or a segment with PENDING executions, which cancels them. A webhook that is bound to an
 * import goes with it. Secrets go in here and come out in a `Target` alone.
 */
export interface WebhookRecords {
  /** Newest first; those that are bound to an import where it is given. */
  list(of: { datamartId: string; documentImportId?: string; page: Page }): Promise<Listed<Webhook>>;
  get(id: string): Promise<Webhook | null>;
  /**
   * Enabled. Null when the datamart or the import is not there; `'TOO_MANY'` beyond MOST_WEBHOOKS
   * of a datamart.
   */
  create(webhook: NewWebhook, author?: Author): Promise<Webhook | 'TOO_MANY' | null>;
  /**
   * One that is disabled has its PENDING deliveries FAILED, and gets no new ones; enabling one
   * forgets why it was disabled. Null: it is not there, or its new import is not.
   */
  update(id: string, change: WebhookChange, author?: Author): Promise<Webhook | null>;
  /** Gives it a new secret; the one before signs as well until ROTATION_MS after `now`. */
  rotateSecret(id: string, of: { secret: string; now: number; author?: Author }): Promise<Webhook | null>;
  /** Removes it with its deliveries. */
  remove(id: string, author?: Author): Promise<Webhook | null>;

  /** Makes a test delivery, PENDING. Null: it is not there; `'DISABLED'`. */
  ping(id: string, of: { now: number; author?: Author }): Promise<Delivery | 'DISABLED' | null>;
  /** Newest first. */
  listDeliveries(of: {
    webhookId: string;
    statuses?: readonly DeliveryStatus[];
    page: Page;
  }): Promise<Listed<Delivery>>;
  getDelivery(id: string): Promise<Delivery | null>;
  /**
   * Makes a delivery PENDING again, due at once, with all its attempts before it. `'DISABLED'`: its
   * webhook is.
   */
  resend(id: string, of: { now: number; author?: Author }): Promise<Delivery | 'DISABLED' | null>;

  /**
   * Webhooks with a delivery that is due at `now`; those first whose first one has been due for
   * longest.
   */
  listDue(now: number): Promise<readonly DueWebhook[]>;
  /**
   * What is due of a webhook, at most `most`, in the order in which it became due; null when it is
   * gone or disabled.
   */
  takeDue(of: {
    webhookId: string;
    now: number;
    most: number;
  }): Promise<{ readonly target: Target; readonly deliveries: readonly Delivery[] } | null>;
  /**
   * Notes what came of attempts, in their order; those of deliveries that are not PENDING any more
   * are passed over. A webhook that is GONE, or has failed for MOST_FAILING_MS when a delivery has
   * had its last attempt, is disabled: resolves to why, else to null.
   */
  noteAttempts(webhookId: string, attempts: readonly Attempt[]): Promise<string | null>;
  /** How many deliveries are PENDING. */
  countPending(): Promise<number>;
  /** Forgets deliveries that have ended and were made before an instant; resolves to how many. */
  removeDeliveriesBefore(instant: number): Promise<number>;
}
