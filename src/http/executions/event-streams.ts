import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from '../../errors.ts';
import type { Events } from '../../events.ts';
import { type Execution, hasEnded, type RunProgress } from '../../model/execution.ts';
import type { ProgressBoard } from '../../progress-board.ts';
import type { Store } from '../../store/store.ts';
import { viewExecution } from './view.ts';

/**
 * Two events of a stream are so far apart at least: what happened in between is in the later one.
 */
const GATHER_MS = 100;
/**
 * What is sent when nothing else was, so that neither side nor what lies between takes the
 * connection for dead.
 */
const HEARTBEAT = ': alive\n\n';
const HEARTBEAT_MS = 15_000;
/** How long a client waits before it connects again. */
const RETRY_MS = 2_000;

/** The streams of events of executions. */
export interface EventStreams {
  /**
   * The states of an execution from now on, and its end, as server-sent events, until `gone` says
   * that the client is. The client knows the state `lastEventId` already. Null: it knows the end.
   *
   * @throws ServiceError OVERLOADED when there are as many streams as there may be,
   * TOO_MANY_EVENT_STREAMS when the token has as many
   */
  open(execution: Execution, client: EventClient): Readable | null;
  /** Ends all of them. */
  close(): void;
}

export type EventClient = {
  readonly tokenId: string;
  readonly lastEventId: string | null;
  readonly gone: AbortSignal;
};

type EventStreamsContext = {
  readonly store: Store;
  readonly events: Pick<Events, 'on' | 'version'>;
  readonly progress: Pick<ProgressBoard, 'runs'>;
  readonly clock: () => number;
  readonly maxEventStreams: number;
  readonly maxEventStreamsPerToken: number;
  /** How often the store is asked without an event: another process may run the execution. */
  readonly pollMs: number;
};

export function createEventStreams(context: EventStreamsContext): EventStreams {
  /** With the token of each. */
  const open = new Map<AbortController, string>();
  const read = createSharedReader(context);
  return {
    open: (execution, { tokenId, lastEventId, gone }) => {
      if (hasEnded(execution.status) && lastEventId === idOf(execution, null)) return null;
      const own = [...open.values()].filter((id) => id === tokenId).length;
      if (own >= context.maxEventStreamsPerToken) {
        throw new ServiceError(
          'TOO_MANY_EVENT_STREAMS',
          `a token may have at most ${context.maxEventStreamsPerToken} event streams at a time (maxEventStreamsPerToken): poll the execution instead`,
        );
      }
      if (open.size >= context.maxEventStreams) {
        throw new ServiceError(
          'OVERLOADED',
          `there may be at most ${context.maxEventStreams} event streams at a time (maxEventStreams): poll the execution instead`,
        );
      }
      const stop = new AbortController();
      open.set(stop, tokenId);
      // not by the 'close' of the stream: that waits for what its events wait for
      const end = () => {
        open.delete(stop);
        stop.abort();
      };
      gone.addEventListener('abort', end);
      if (gone.aborted) end();
      const texts = eventsOf(execution, { ...context, read, lastEventId, signal: stop.signal });
      return Readable.from(texts, { objectMode: true, highWaterMark: 1 });
    },
    close: () => {
      for (const stop of open.keys()) stop.abort();
    },
  };
}

type Watching = EventStreamsContext & {
  readonly read: (id: string) => Promise<Execution | null>;
  readonly lastEventId: string | null;
  readonly signal: AbortSignal;
};

/** Pulled by the client: a slow one gets fewer states, and none is kept for it. */
async function* eventsOf(
  { id }: Execution,
  { read, events, progress, clock, pollMs, lastEventId, signal }: Watching,
): AsyncGenerator<string> {
  let wake = () => {};
  let hasChanged = true;
  const onChange = () => {
    hasChanged = true;
    wake();
  };
  const unlisten = events.on('EXECUTION_CHANGED', onChange, id);
  signal.addEventListener('abort', () => wake());
  let sentId = lastEventId;
  let sentAt = clock();
  try {
    yield `retry: ${RETRY_MS}\n\n`;
    while (!signal.aborted) {
      hasChanged = false;
      const live = progress.runs().get(id) ?? null;
      const execution = await read(id);
      if (execution === null) return;
      const ended = hasEnded(execution.status);
      if (idOf(execution, live) !== sentId) {
        sentId = idOf(execution, live);
        sentAt = clock();
        yield textOf(execution, { live, now: clock() });
      } else if (clock() - sentAt >= HEARTBEAT_MS) {
        sentAt = clock();
        yield HEARTBEAT;
      }
      if (ended) return;
      await sleep(GATHER_MS, undefined, { signal }).catch(() => undefined);
      if (!hasChanged && !signal.aborted) await waitForChange(pollMs, (onWake) => (wake = onWake));
    }
  } finally {
    unlisten();
  }
}

function waitForChange(ms: number, whenWoken: (onWake: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    whenWoken(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * Those who ask for the same execution at the same time, and after the same event, are answered by
 * one query.
 */
function createSharedReader({ store, events }: EventStreamsContext): Watching['read'] {
  const reading = new Map<string, { version: number; result: Promise<Execution | null> }>();
  return (id) => {
    const version = events.version('EXECUTION_CHANGED', id);
    const underWay = reading.get(id);
    if (underWay?.version === version) return underWay.result;
    const result = store.executions.get(id);
    const mine = { version, result };
    reading.set(id, mine);
    const forget = () => {
      if (reading.get(id) === mine) reading.delete(id);
    };
    result.then(forget, forget);
    return result;
  };
}

/**
 * The same for the same state: what a client that connects again has seen, it is not sent again.
 */
function idOf({ status, checked, checkpoint }: Execution, live: RunProgress | null): string {
  const between = live === null || hasEnded(status) ? '' : `-${live.bytes}-${live.step}`;
  return `${status}-${checked.bytes}-${checkpoint.offset}${between}`;
}

function textOf(
  execution: Execution,
  { live, now }: { readonly live: RunProgress | null; readonly now: number },
): string {
  const name = hasEnded(execution.status) ? 'end' : 'progress';
  return `event: ${name}\nid: ${idOf(execution, live)}\ndata: ${JSON.stringify(viewExecution(execution, now, { live }))}\n\n`;
}
