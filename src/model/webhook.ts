import { randomBytes } from 'node:crypto';

/**
 * Webhooks: who is told of the ends of executions, and of files that are not as expected. Signed as
 * in the Standard Webhooks specification, version 1.
 */

/**
 * How an execution can end, what one that succeeded was beside, and what came of a due time, as
 * events.
 */
export const EVENTS = [
  'execution.succeeded',
  'execution.failed',
  'execution.canceled',
  'execution.unusual_size',
  'execution.many_failures',
  'document_import.late',
  'document_import.missing',
] as const;
export type Event = (typeof EVENTS)[number];
/** What a test delivery tells of. */
export const PING = 'webhook.ping';

/** Webhooks of one datamart: each may add a row to the transaction that ends an execution. */
export const MOST_WEBHOOKS = 50;

export const DELIVERY_STATUSES = ['PENDING', 'SUCCEEDED', 'FAILED'] as const;
/** `PENDING → SUCCEEDED | FAILED`; a resend makes it PENDING again. */
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** What came of an attempt. GONE: the receiver wants no more of this webhook. */
export type Attempt = {
  readonly deliveryId: string;
  readonly outcome: 'SUCCEEDED' | 'RETRY' | 'FAILED' | 'GONE';
  readonly at: number;
  readonly durationMs: number;
  readonly responseStatus: number | null;
  readonly responseBody: string | null;
  readonly error: string | null;
  /** When the next one is due; null but for RETRY. */
  readonly nextAttemptTs: number | null;
};

/** A webhook with what it takes to send to it. The secrets are never shown, logged or noted. */
export type Target = { readonly url: string; readonly secrets: readonly string[] };

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * Pauses after the first attempt, the second, …: nine attempts within 31 to 38 hours, by the
 * jitter.
 */
const RETRY_MS = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
] as const;
export const MOST_ATTEMPTS = RETRY_MS.length + 1;
/** A receiver may ask for a longer pause, up to this. */
const MOST_RETRY_AFTER_MS = DAY_MS;

/**
 * The pause after the `attempts`th attempt, in ms; null when it was the last one. `random` from 0
 * up to 1 makes it up to a fifth longer, so that receivers that come back are not met by all at
 * once. What the receiver asks for is a lower bound, up to a day.
 */
export function retryDelayMs(
  attempts: number,
  { random, retryAfterMs }: { readonly random: number; readonly retryAfterMs: number | null },
): number | null {
  const pause = RETRY_MS[attempts - 1];
  if (pause === undefined) return null;
  const asked = Math.min(retryAfterMs ?? 0, MOST_RETRY_AFTER_MS);
  return Math.round(Math.max(pause * (1 + random / 5), asked));
}

/**
 * A webhook of which no attempt has succeeded for so long is disabled when a delivery has had its
 * last attempt.
 */
export const MOST_FAILING_MS = 5 * DAY_MS;
/** How long the secret before a rotation signs as well. */
export const ROTATION_MS = DAY_MS;

const SECRET_PREFIX = 'whsec_';
const SECRET_BYTES = { least: 24, most: 64, made: 32 } as const;

/** A new secret: 256 random bits. */
export function makeSecret(): string {
  return SECRET_PREFIX + randomBytes(SECRET_BYTES.made).toString('base64');
}

/** Whether a text is a secret: `whsec_` and 24 to 64 bytes in base64. */
export function isSecret(text: string): boolean {
  if (!text.startsWith(SECRET_PREFIX)) return false;
  const bytes = keyOf(text);
  const isWhole = bytes.toString('base64') === text.slice(SECRET_PREFIX.length);
  return isWhole && bytes.length >= SECRET_BYTES.least && bytes.length <= SECRET_BYTES.most;
}

/** The key that a secret stands for. */
export function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
}
