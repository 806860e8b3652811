import type { Logger } from 'pino';
import type { ApiToken } from '../model/records.ts';
import type { Store } from '../store/store.ts';

/**
 * How often tokens are looked at whose requests take long: expiry by a clock that may jump, removal
 * by another node.
 */
const LOOK_MS = 400;
/** What `setTimeout` takes at most. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The tokens of the requests that are under way, and what is done when one of them ends. */
export interface LiveTokens {
  /**
   * Calls `onEnd` when the token is removed or expires, by any node, within a second. To be called
   * in the step that found the token. Gives what ends the watch.
   */
  watch(token: ApiToken, onEnd: (reason: TokenEnd) => void): () => void;
  /** The token was removed. */
  remove(tokenId: string): void;
  close(): void;
}

export type TokenEnd = 'REMOVED' | 'EXPIRED';

type Watched = {
  readonly token: ApiToken;
  readonly requests: Set<(reason: TokenEnd) => void>;
  /** Whether it was there at the last look: only what takes longer than a look is asked for. */
  isOld: boolean;
  timer: NodeJS.Timeout | null;
};

export type LiveTokensContext = {
  readonly store: Pick<Store, 'tokens'>;
  readonly clock: () => number;
  readonly logger: Logger;
  /** Whether other processes may remove tokens. */
  readonly isShared: boolean;
};

export function createLiveTokens({ store, clock, logger, isShared }: LiveTokensContext): LiveTokens {
  const watched = new Map<string, Watched>();
  let looking = false;

  function end(of: Watched, reason: TokenEnd): void {
    forget(of);
    for (const onEnd of of.requests) onEnd(reason);
  }

  function forget(of: Watched): void {
    if (watched.get(of.token.id) === of) watched.delete(of.token.id);
    if (of.timer !== null) clearTimeout(of.timer);
  }

  const isExpired = ({ token: { expirationDate } }: Watched) =>
    expirationDate !== null && expirationDate <= clock();

  /** At the instant; the looks in between are for a clock that was set. */
  function startTimer(of: Watched): void {
    const { expirationDate } = of.token;
    if (expirationDate === null) return;
    const left = Math.max(1, Math.min(expirationDate - clock(), MAX_TIMEOUT_MS));
    of.timer = setTimeout(() => {
      if (isExpired(of)) end(of, 'EXPIRED');
      else startTimer(of);
    }, left);
    of.timer.unref();
  }

  async function look(): Promise<void> {
    for (const of of watched.values()) if (isExpired(of)) end(of, 'EXPIRED');
    const old = [...watched.values()].filter(({ isOld }) => isOld);
    for (const of of watched.values()) of.isOld = true;
    if (!isShared || looking || old.length === 0) return;
    looking = true;
    try {
      const there = await store.tokens.whichExist(old.map(({ token }) => token.id));
      for (const of of old) if (!there.has(of.token.id)) end(of, 'REMOVED');
    } catch (fault) {
      logger.warn({ err: fault }, 'it is not known whether tokens were removed, it is asked again');
    } finally {
      looking = false;
    }
  }

  const timer = setInterval(look, LOOK_MS);
  timer.unref();

  return {
    watch: (token, onEnd) => {
      let of = watched.get(token.id);
      if (of === undefined) {
        of = { token, requests: new Set(), isOld: false, timer: null };
        watched.set(token.id, of);
        startTimer(of);
      }
      const own = of;
      own.requests.add(onEnd);
      return () => {
        own.requests.delete(onEnd);
        if (own.requests.size === 0) forget(own);
      };
    },
    remove: (tokenId) => {
      const of = watched.get(tokenId);
      if (of !== undefined) end(of, 'REMOVED');
    },
    close: () => {
      clearInterval(timer);
      for (const of of watched.values()) forget(of);
    },
  };
}
