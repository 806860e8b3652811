import { ParseThreadError, PlainReaderTrap } from '../../errors.ts';
import { handOverFault } from '../../fault-points.ts';
import type { Catalogue } from '../../model/catalogue.ts';
import { createThreadPool, startProgram } from '../../thread-pool.ts';
import type { ParsedBytes, ThreadAnswer, ThreadPart, ThreadRequest } from './parse-thread.ts';

export type { ParsedBytes } from './parse-thread.ts';

/** A part that a thread parses. */
export interface PartInThread {
  /**
   * Sends the bytes that follow in the document; `isEnd`: none come behind them. Rejects with what
   * parsing them throws, PlainReaderTrap among it, and with ParseThreadError if the thread dies.
   */
  parse(bytes: Uint8Array, isEnd: boolean): Promise<ParsedBytes>;
  /** Forgets the part, wherever it is; an answer that is still to come does not come. */
  close(): void;
}

const pool = createThreadPool<ThreadRequest, ThreadAnswer>({
  start: () => {
    const fault = handOverFault('parse-thread-dies') ?? handOverFault('plain-reader-traps');
    const workerData = { fault };
    try {
      return startProgram(String(import.meta.url), 'parse-thread', workerData);
    } catch (cause) {
      throw new ParseThreadError('no thread that parses files could be started', { cause });
    }
  },
  fault: (cause) => new ParseThreadError('the thread that parses files died', { cause }),
});
/** What a thread was sent last. */
const catalogues = new WeakMap<object, Catalogue>();

/** Opens a part in the thread that has the fewest. */
export function openPart(part: ThreadPart): PartInThread {
  const lane = pool.open();
  const { context, ...start } = part;
  const { catalogue, startDate } = context;
  const isKnown = catalogues.get(lane.thread) === catalogue;
  lane.tell({ type: 'OPEN', start: { ...start, startDate }, catalogue: isKnown ? null : catalogue });
  catalogues.set(lane.thread, catalogue);
  return {
    parse: async (bytes, isEnd) => {
      // a copy, which can be handed over: whose memory the bytes lie in is not known here
      const copy = new Uint8Array(bytes);
      const answer = await lane.ask({ type: 'PARSE', bytes: copy, isEnd }, [copy.buffer]);
      if (!('trapped' in answer)) return answer;
      throw new PlainReaderTrap('the reader of plain lines trapped', { cause: answer.trapped });
    },
    close: () => lane.close({ type: 'CLOSE' }),
  };
}
