import type { Logger } from 'pino';
import type { EventName } from '../events.ts';
import type { Job } from './job.ts';

/** A kind of file that is made of a segment when somebody asks for it. */
export type SegmentJobKind<
  Queued extends { readonly id: string },
  Ending extends { readonly status: string },
> = {
  readonly name: string;
  readonly wokenBy: EventName;
  /** Where they wait, so that a crash loses none. */
  readonly queue: {
    release(): Promise<void>;
    claim(now: number): Promise<Queued | null>;
    /** False: it is gone, and so is the place of its result. */
    finish(id: string, ending: Ending): Promise<boolean>;
  };
  readonly make: (queued: Queued) => Promise<Ending>;
  /** How one ends whose making met a fault. */
  readonly failed: (fault: unknown) => Ending;
  /** Takes back what was made of one that is gone. */
  readonly discard?: (ending: Ending) => Promise<void>;
  /** Its id in the log, and the lines there. */
  readonly log: {
    readonly id: string;
    readonly ended: string;
    readonly failed: string;
    readonly fault: string;
  };
};

/** Makes those that wait, one after the other. What was not finished in a crash is made anew. */
export function segmentJob<
  Queued extends { readonly id: string },
  Ending extends { readonly status: string },
>(
  { name, wokenBy, queue, make, failed, discard, log }: SegmentJobKind<Queued, Ending>,
  { logger, clock, intervalMs }: { logger: Logger; clock: () => number; intervalMs: number },
): Job {
  async function end(queued: Queued): Promise<Ending> {
    try {
      return await make(queued);
    } catch (err) {
      logger.error({ err, [log.id]: queued.id }, log.failed);
      return failed(err);
    }
  }

  return {
    ...{ name, wokenBy, intervalMs },
    // whoever ran them is gone: one process makes them at a time
    begin: () => queue.release(),
    turn: async () => {
      const queued = await queue.claim(clock());
      if (queued === null) return false;
      const ending = await end(queued);
      const isNoted = await queue.finish(queued.id, ending);
      if (!isNoted) await discard?.(ending);
      logger.info({ [log.id]: queued.id, status: isNoted ? ending.status : 'GONE' }, log.ended);
      return true;
    },
    onFault: (err) => logger.error({ err }, log.fault),
  };
}
