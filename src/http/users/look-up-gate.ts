import type { Config } from '../../config.ts';
import { ServiceError } from '../../errors.ts';
import type { Store } from '../../store/store.ts';
import { countLookUpRefusal, type LookUpRefusal } from '../request-metrics.ts';

/**
 * What is asked about users. ONE: memberships or identifiers of one user. MANY: memberships of up
 * to 1,000. CHANGES: the history of one user, for which the change log is gone through.
 */
export const LOOK_UP_KINDS = ['ONE', 'MANY', 'CHANGES'] as const;
export type LookUpKind = (typeof LOOK_UP_KINDS)[number];

/**
 * Each kind has places of its own, so that those that take long keep nobody waiting who asks for
 * one user. `places` is a share of the look-ups that the store answers at once, `most` of those
 * that may be there; each may take `patience` times as long as one of one user.
 */
const KINDS = {
  ONE: { places: 1, most: 1, patience: 1 },
  MANY: { places: 1 / 4, most: 1 / 10, patience: 5 },
  CHANGES: { places: 1 / 4, most: 1 / 10, patience: 5 },
} as const satisfies Record<LookUpKind, unknown>;

type Limits = Pick<Config, 'maxLookups' | 'lookupWaitMs'>;

/** Bounds how many look-ups there are, and how long each takes, whatever answers them. */
export interface LookUpGate {
  /**
   * Does `work` when it is its turn. Throws `ServiceError` LOOKUPS_OVERLOADED when too many are
   * there already, or when there is no answer in time: `work` is then not begun, or goes on for
   * nobody and keeps its place until it ends. Work that `isGone` tells is for nobody any more is
   * not begun.
   */
  run<T>(kind: LookUpKind, work: () => Promise<T>, isGone?: () => boolean): Promise<T>;
  /** Look-ups that wait for their turn. */
  waiting(): number;
}

export function createLookUpGate(
  { lookUpsAtOnce }: Pick<Store, 'lookUpsAtOnce'>,
  { maxLookups, lookupWaitMs }: Limits,
): LookUpGate {
  const shareOf = (all: number, share: number) => Math.max(1, Math.floor(all * share));
  const lanes = new Map(
    LOOK_UP_KINDS.map((kind) => {
      const { places, most, patience } = KINDS[kind];
      const parallel = shareOf(lookUpsAtOnce, places);
      return [
        kind,
        createLane({ parallel, most: shareOf(maxLookups, most), mostMs: lookupWaitMs * patience }),
      ];
    }),
  );
  return {
    run: (kind, work, isGone) => (lanes.get(kind) as Lane).run(work, isGone),
    waiting: () => [...lanes.values()].reduce((sum, lane) => sum + lane.waiting(), 0),
  };
}

type Lane = Omit<LookUpGate, 'run'> & {
  run<T>(work: () => Promise<T>, isGone?: () => boolean): Promise<T>;
};

type LookUp = { readonly start: () => void; readonly giveUp: () => void; readonly until: number };

function createLane(of: { readonly parallel: number; readonly most: number; readonly mostMs: number }): Lane {
  /**
   * Those that were not answered or given up, in the order in which they came, which is that of
   * their ends.
   */
  const unanswered = new Set<LookUp>();
  /** In the order in which they came. */
  const waiting = new Set<LookUp>();
  let running = 0;
  let timer: NodeJS.Timeout | null = null;

  /** One timer for all: each look-up having its own is a good part of what the gate costs. */
  function giveUpLate(): void {
    timer = null;
    const now = performance.now();
    for (const lookUp of unanswered) {
      if (lookUp.until > now) {
        timer = setTimeout(giveUpLate, lookUp.until - now);
        return;
      }
      unanswered.delete(lookUp);
      lookUp.giveUp();
    }
  }

  function forget(lookUp: LookUp): void {
    unanswered.delete(lookUp);
    // a stop does not wait for it
    if (unanswered.size === 0) timer?.unref();
  }

  function startNext(): void {
    for (const lookUp of waiting) {
      if (running >= of.parallel) return;
      waiting.delete(lookUp);
      lookUp.start();
    }
  }

  return {
    waiting: () => waiting.size,
    run: async (work, isGone) => {
      if (running + waiting.size >= of.most) throw refusal('TOO_MANY', of);
      return new Promise((resolve, reject) => {
        const end = () => {
          forget(lookUp);
          running--;
          startNext();
        };
        const lookUp: LookUp = {
          start: () => {
            if (isGone?.()) {
              forget(lookUp);
              reject(refusal('GONE', of));
              return;
            }
            running++;
            work().finally(end).then(resolve, reject);
          },
          giveUp: () => {
            waiting.delete(lookUp);
            reject(refusal('TOO_LATE', of));
          },
          until: performance.now() + of.mostMs,
        };
        unanswered.add(lookUp);
        timer = timer?.ref() ?? setTimeout(giveUpLate, of.mostMs);
        waiting.add(lookUp);
        startNext();
      });
    },
  };
}

function refusal(
  reason: LookUpRefusal,
  { most, mostMs }: { readonly most: number; readonly mostMs: number },
): ServiceError {
  countLookUpRefusal(reason);
  const why = {
    TOO_MANY: `at most ${most} look-ups of this kind are answered or wait at the same time (maxLookups): try again soon`,
    TOO_LATE: `the look-up was not answered within ${mostMs} ms (lookupWaitMs): try again soon`,
    GONE: 'the client has gone while the look-up waited',
  };
  return new ServiceError('LOOKUPS_OVERLOADED', why[reason]);
}
