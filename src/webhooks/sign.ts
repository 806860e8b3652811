import { createHmac } from 'node:crypto';
import { keyOf } from '../model/webhook.ts';

/** What is signed: an attempt to deliver `body`. */
export type Message = { readonly id: string; readonly body: string; readonly at: number };

/**
 * The three headers of the Standard Webhooks specification. The timestamp, in seconds, is that of
 * the attempt, so that a receiver can refuse what is old; each secret gives a signature, and a
 * receiver knows one of them.
 */
export function signatureHeaders(
  { id, body, at }: Message,
  secrets: readonly string[],
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const timestamp = String(Math.floor(at / 1000));
  const signatures = secrets.map(
    (secret) =>
      `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  );
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
