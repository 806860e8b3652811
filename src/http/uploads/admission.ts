import type { Config } from '../../config.ts';
import { type ErrorCode, ServiceError } from '../../errors.ts';
import type { Store } from '../../store/store.ts';
import { countUpload } from '../request-metrics.ts';

/** How long a count of the store is believed; what comes in meanwhile is added to it. */
const COUNTED_MS = 1_000;

/**
 * The last places for uploads, as a share of all: nobody gets one of them who holds more than a
 * few.
 */
const RESERVED_SHARE = 1 / 4;
/**
 * How many places a token, or a datamart, may hold of all and still get one of the last: a share of
 * all.
 */
const FEW_SHARE = 1 / 32;

type Limits = Pick<
  Config,
  'maxUploads' | 'maxUploadsPerDatamart' | 'maxUploadsPerToken' | 'maxPending' | 'maxPendingPerDatamart'
>;

/** Who sends, and where to. */
export type Sender = { readonly datamartId: string; readonly tokenId: string };

/**
 * Bounds what is received and what waits, so that senders who are faster than the service are told
 * so and fill nothing.
 */
export interface Admission {
  /**
   * Lets an upload in while there is room for it and for its execution, and counts it until
   * `receive` has settled. Decided before any of the file is read. Throws `ServiceError`
   * TOO_MANY_UPLOADS or TOO_MANY_EXECUTIONS for a limit of the datamart or the token, OVERLOADED
   * for one of the service.
   */
  admit<T>(sender: Sender, receive: () => Promise<T>): Promise<T>;
}

/** The part of the limits that holds for one datamart, or for all. */
type Gate = {
  /** Uploads that are being received. */
  uploads: number;
  /** Executions that wait, as last counted, with those that came in since. */
  pending: number;
  countedAt: number;
  counting: Promise<void> | null;
};

export function createAdmission(store: Store, limits: Limits): Admission {
  const all = newGate();
  const byDatamart = new Map<string, Gate>();
  /** Uploads that are being received, by the token that sends them. */
  const byToken = new Map<string, number>();

  /** Counts anew where the last count is old; several that come at once wait for the same count. */
  async function refresh(gate: Gate, count: () => Promise<number>): Promise<void> {
    // not by the clock: set back, it would let the last count be believed for as long
    if (performance.now() - gate.countedAt < COUNTED_MS) return;
    gate.counting ??= (async () => {
      try {
        gate.pending = await count();
        gate.countedAt = performance.now();
      } finally {
        gate.counting = null;
      }
    })();
    await gate.counting;
  }

  return {
    async admit({ datamartId, tokenId }, receive) {
      const own = byDatamart.get(datamartId) ?? newGate();
      byDatamart.set(datamartId, own);
      await Promise.all([
        refresh(own, () => countPending(store, datamartId)),
        refresh(all, async () => (await store.executions.countByStatus()).get('PENDING') ?? 0),
      ]);
      const ofToken = byToken.get(tokenId) ?? 0;
      check(own, limits, DATAMART);
      checkToken(ofToken, limits);
      check(all, limits, SERVICE);
      checkLast({ all: all.uploads, most: Math.max(own.uploads, ofToken) }, limits);
      const gates = [own, all];
      for (const gate of gates) gate.uploads++;
      byToken.set(tokenId, ofToken + 1);
      try {
        const received = await countUpload(receive);
        // Its execution is about to be made; if that fails, the next count takes it back.
        for (const gate of gates) gate.pending++;
        return received;
      } finally {
        for (const gate of gates) gate.uploads--;
        const left = (byToken.get(tokenId) ?? 1) - 1;
        if (left === 0) byToken.delete(tokenId);
        else byToken.set(tokenId, left);
      }
    },
  };
}

function newGate(): Gate {
  return { uploads: 0, pending: 0, countedAt: Number.NEGATIVE_INFINITY, counting: null };
}

async function countPending(store: Store, datamartId: string): Promise<number> {
  const filter = { datamartId, statuses: ['PENDING'] as const };
  return (await store.executions.list({ filter, page: { firstResult: 0, maxResults: 0 } })).total;
}

function checkToken(uploads: number, { maxUploadsPerToken }: Limits): void {
  if (uploads < maxUploadsPerToken) return;
  throw new ServiceError(
    'TOO_MANY_UPLOADS',
    `at most ${maxUploadsPerToken} uploads of a token are received at the same time (maxUploadsPerToken): try again soon`,
  );
}

/**
 * The last places are for those who hold few: one tenant with several datamarts, or tokens, does
 * not get them all.
 */
function checkLast(held: { readonly all: number; readonly most: number }, { maxUploads }: Limits): void {
  const reserved = Math.floor(maxUploads * RESERVED_SHARE);
  const few = Math.max(1, Math.floor(maxUploads * FEW_SHARE));
  if (held.all < maxUploads - reserved || held.most < few) return;
  throw new ServiceError(
    'TOO_MANY_UPLOADS',
    `the last ${reserved} of ${maxUploads} uploads at the same time (maxUploads) are reserved for tokens and datamarts with fewer than ${few} uploads in progress: try again soon`,
  );
}

type Scope = {
  readonly of: string;
  readonly uploads: { readonly setting: keyof Limits; readonly code: ErrorCode };
  readonly pending: { readonly setting: keyof Limits; readonly code: ErrorCode };
};

const DATAMART: Scope = {
  of: 'a datamart',
  uploads: { setting: 'maxUploadsPerDatamart', code: 'TOO_MANY_UPLOADS' },
  pending: { setting: 'maxPendingPerDatamart', code: 'TOO_MANY_EXECUTIONS' },
};
const SERVICE: Scope = {
  of: 'the service',
  uploads: { setting: 'maxUploads', code: 'OVERLOADED' },
  pending: { setting: 'maxPending', code: 'OVERLOADED' },
};

function check(gate: Gate, limits: Limits, { of, uploads, pending }: Scope): void {
  const mostUploads = limits[uploads.setting];
  if (gate.uploads >= mostUploads) {
    throw new ServiceError(
      uploads.code,
      `at most ${mostUploads} uploads to ${of} are received at the same time (${uploads.setting}): try again soon`,
    );
  }
  const mostPending = limits[pending.setting];
  // Each upload under way is an execution that will wait.
  if (gate.pending + gate.uploads >= mostPending) {
    throw new ServiceError(
      pending.code,
      `at most ${mostPending} executions of ${of} may wait (${pending.setting}), ${gate.pending} do: try again later`,
    );
  }
}
