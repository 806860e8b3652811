import { reasonOf } from '../webhooks/post.ts';

/**
 * Why a source, or a file of it, cannot be pulled; the message is for whoever set it up, and holds
 * no secret.
 */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

/** What is to be told of a fault, without what it may quote. */
export function reasonOfFault(fault: unknown): string {
  if (fault instanceof SourceError) return fault.message;
  const { name } = fault as Error;
  if (name === 'TimeoutError' || name === 'AbortError') return 'no answer came in time';
  return reasonOf(fault);
}
