import type { Attempt } from '../model/webhook.ts';

/**
 * So many attempts in a row may fail before a webhook rests: one event that its receiver does not
 * like stops no other.
 */
const FAILURES_BEFORE_REST = 3;
const FIRST_REST_MS = 5_000;
const MOST_REST_MS = 300_000;

type Rest = { failures: number; since: number; ms: number };

/**
 * Which webhooks are left alone for a while, since what was sent to them failed: not every delivery
 * has to find out by itself.
 */
export interface Rests {
  isResting(webhookId: string): boolean;
  /** Notes what came of an attempt; resolves to whether the next one may follow. */
  noteOutcome(webhookId: string, outcome: Attempt['outcome']): boolean;
  /** Leaves a webhook alone for the shortest time. */
  rest(webhookId: string): void;
}

/**
 * In memory: after a restart each is tried. By the clock that deliveries are due by; one that was
 * set back ends a rest.
 */
export function createRests(clock: () => number): Rests {
  const rests = new Map<string, Rest>();
  const isResting = (webhookId: string) => {
    const of = rests.get(webhookId);
    const passed = of === undefined ? 0 : clock() - of.since;
    return of !== undefined && passed >= 0 && passed < of.ms;
  };
  return {
    isResting,
    noteOutcome: (webhookId, outcome) => {
      if (outcome === 'SUCCEEDED' || outcome === 'GONE') {
        rests.delete(webhookId);
        return outcome === 'SUCCEEDED';
      }
      const failures = (rests.get(webhookId)?.failures ?? 0) + 1;
      const doublings = failures - FAILURES_BEFORE_REST;
      const ms = doublings < 0 ? 0 : Math.min(FIRST_REST_MS * 2 ** doublings, MOST_REST_MS);
      rests.set(webhookId, { failures, since: clock(), ms });
      return ms === 0;
    },
    rest: (webhookId) => {
      const failures = rests.get(webhookId)?.failures ?? 0;
      rests.set(webhookId, { failures, since: clock(), ms: FIRST_REST_MS });
    },
  };
}
