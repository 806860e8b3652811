import type { DueWebhook } from '../store/webhook-records.ts';

/** Webhooks that are sent to at the same time, one delivery of each at a time. */
export const MAX_LANES = 32;
/** Lanes of one datamart: its silent receivers keep nobody else waiting. */
const MAX_LANES_PER_DATAMART = 8;
/**
 * Lanes of webhooks that are not known to answer: those whose last attempt failed, and those that
 * were never tried. The rest is for receivers that answer, whoever is silent.
 */
const MAX_UNPROVEN_LANES = 24;

/** Which webhooks are being sent to. */
export interface WebhookLanes {
  /** How many there are. */
  readonly size: number;
  /**
   * Takes a lane for one of `due` and resolves to it; null when none of them may have one now.
   * Datamarts take turns, and within a datamart its webhooks do: one with much to be sent does not
   * keep others waiting.
   */
  take(due: readonly DueWebhook[]): DueWebhook | null;
  /** Gives the lane of a webhook back. */
  release(webhookId: string): void;
  /** Notes whether the receiver answered as it should. */
  noteOutcome(webhookId: string, isAnswered: boolean): void;
}

/** In memory: after a restart no receiver is known to answer. */
export function createWebhookLanes(): WebhookLanes {
  const taken = new Map<string, { readonly datamartId: string; readonly isProven: boolean }>();
  const answering = new Set<string>();
  /** When each webhook, and each datamart, had its last turn. */
  const turns = new Map<string, number>();
  let lastTurn = 0;
  const keyOf = ({ datamartId }: DueWebhook) => `datamart ${datamartId}`;
  const turnOf = (key: string) => turns.get(key) ?? 0;

  function mayStart({ id, datamartId }: DueWebhook): boolean {
    if (taken.has(id) || taken.size >= MAX_LANES) return false;
    const lanes = [...taken.values()];
    const own = lanes.filter((lane) => lane.datamartId === datamartId).length;
    if (own >= MAX_LANES_PER_DATAMART) return false;
    return answering.has(id) || lanes.filter(({ isProven }) => !isProven).length < MAX_UNPROVEN_LANES;
  }

  return {
    get size() {
      return taken.size;
    },
    take: (due) => {
      let next: DueWebhook | null = null;
      for (const one of due) {
        if (!mayStart(one)) continue;
        const isEarlier =
          next === null ||
          turnOf(keyOf(one)) < turnOf(keyOf(next)) ||
          (one.datamartId === next.datamartId && turnOf(one.id) < turnOf(next.id));
        if (isEarlier) next = one;
      }
      if (next === null) return null;
      taken.set(next.id, { datamartId: next.datamartId, isProven: answering.has(next.id) });
      for (const key of [keyOf(next), next.id]) turns.set(key, ++lastTurn);
      return next;
    },
    release: (webhookId) => {
      taken.delete(webhookId);
    },
    noteOutcome: (webhookId, isAnswered) => {
      if (isAnswered) answering.add(webhookId);
      else answering.delete(webhookId);
    },
  };
}
