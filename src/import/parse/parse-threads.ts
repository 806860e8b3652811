import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { ParseThreadError } from '../../errors.ts';
import { handOverFault } from '../../fault-points.ts';
import type { Catalogue } from '../../model/catalogue.ts';
import type { ParsedBytes, ThreadAnswer, ThreadPart, ThreadRequest } from './parse-thread.ts';

export type { ParsedBytes } from './parse-thread.ts';

/** One on two cores: the store's own threads take the rest, and the event loop its share. */
const MOST_THREADS = Math.max(1, Math.floor(availableParallelism() / 2));

/** A part that a thread parses. */
export interface PartInThread {
  /**
   * Sends the bytes that follow in the document; `isEnd`: none come behind them. Rejects with what parsing them throws, and
   * with ParseThreadError if the thread dies.
   */
  parse(bytes: Uint8Array, isEnd: boolean): Promise<ParsedBytes>;
  /** Forgets the part, wherever it is; an answer that is still to come does not come. */
  close(): void;
}

/** Those who wait for the answers of a part, in the order in which they asked, and why there are none any more. */
type Waiting = {
  readonly asked: { resolve: (parsed: ParsedBytes) => void; reject: (fault: unknown) => void }[];
  fault: unknown;
};

type Thread = {
  readonly worker: Worker;
  /** By part. */
  readonly waiting: Map<number, Waiting>;
  /** What the thread was sent last. */
  catalogue: Catalogue | null;
  isDead: boolean;
};

const threads: Thread[] = [];
let parts = 0;

/** Opens a part in the thread that has the fewest. One is started where there is none, or where all are busy and more may be. */
export function openPart(part: ThreadPart): PartInThread {
  const thread = pickThread();
  const { worker, waiting } = thread;
  const id = ++parts;
  const own: Waiting = { asked: [], fault: null };
  waiting.set(id, own);
  worker.ref();
  const { context, ...start } = part;
  const { catalogue, startDate } = context;
  send(worker, {
    ...{ type: 'OPEN', part: id, start: { ...start, startDate } },
    catalogue: thread.catalogue === catalogue ? null : catalogue,
  });
  thread.catalogue = catalogue;
  return {
    parse: (bytes, isEnd) =>
      new Promise((resolve, reject) => {
        if (own.fault !== null) return reject(own.fault);
        own.asked.push({ resolve, reject });
        // a copy, which can be handed over: whose memory the bytes lie in is not known here
        const copy = new Uint8Array(bytes);
        send(worker, { type: 'PARSE', part: id, bytes: copy, isEnd }, [copy.buffer]);
      }),
    close: () => {
      if (!waiting.delete(id) || thread.isDead) return;
      send(worker, { type: 'CLOSE', part: id });
      if (waiting.size === 0) worker.unref();
    },
  };
}

function send(worker: Worker, request: ThreadRequest, transferred: readonly ArrayBuffer[] = []): void {
  worker.postMessage(request, transferred);
}

function pickThread(): Thread {
  const [least] = [...threads].sort((a, b) => a.waiting.size - b.waiting.size);
  if (least !== undefined && (least.waiting.size === 0 || threads.length >= MOST_THREADS)) return least;
  return startThread();
}

function startThread(): Thread {
  const thread: Thread = { worker: startWorker(), waiting: new Map(), catalogue: null, isDead: false };
  const { worker, waiting } = thread;

  function die(cause: unknown): void {
    if (thread.isDead) return;
    thread.isDead = true;
    threads.splice(threads.indexOf(thread), 1);
    const death = new ParseThreadError('the thread that parses files died', { cause });
    for (const each of waiting.values()) fail(each, death);
  }

  worker.on('message', (answer: ThreadAnswer) => {
    const part = waiting.get(answer.part);
    if (part === undefined) return;
    if ('failure' in answer) fail(part, answer.failure);
    else part.asked.shift()?.resolve(answer.parsed);
  });
  worker.on('error', die);
  worker.on('messageerror', (error) => {
    die(error);
    void worker.terminate();
  });
  worker.on('exit', (code) => die(new Error(`it ended with ${code}`)));
  threads.push(thread);
  return thread;
}

function fail(part: Waiting, fault: unknown): void {
  part.fault = fault;
  for (const { reject } of part.asked.splice(0)) reject(fault);
}

/** Starts the program beside this file: JavaScript when built; TypeScript, which Node 20 does not load, from the sources. */
function startWorker(): Worker {
  const here = String(import.meta.url);
  const workerData = { fault: handOverFault('parse-thread-dies') };
  try {
    if (!here.endsWith('.ts')) return new Worker(new URL('./parse-thread.js', here), { workerData });
    const [tsx, program] = [import.meta.resolve('tsx/esm/api'), new URL('./parse-thread.ts', here).href];
    const load = `import('${tsx}').then(({ register }) => { register(); return import('${program}'); })`;
    return new Worker(load, { eval: true, workerData });
  } catch (cause) {
    throw new ParseThreadError('no thread that parses files could be started', { cause });
  }
}
