import { availableParallelism } from 'node:os';
import { type Transferable, Worker } from 'node:worker_threads';
import { favourEventLoop } from './thread-priority.ts';

/** One on two cores: the store's own threads take the rest, and the event loop its share. */
const MAX_THREADS = Math.max(1, Math.floor(availableParallelism() / 2));

/** What a thread is sent: something for one of its lanes. */
export type ToThread<Request> = { readonly lane: number; readonly request: Request };

/** What a thread answers to what was asked, in the order of a lane. */
export type FromThread<Answer> = { readonly lane: number } & (
  | { readonly answer: Answer }
  /** What was thrown. The lane is over then. */
  | { readonly failure: unknown }
);

/** Work that one thread does for somebody, beside that of others. */
export interface Lane<Request, Answer> {
  /** The thread, to know what it has been sent before. */
  readonly thread: object;
  /** Sends what is not answered. */
  tell(request: Request, handedOver?: readonly Transferable[]): void;
  /** Rejects with what the thread throws, and with the fault of the pool if it dies. */
  ask(request: Request, handedOver?: readonly Transferable[]): Promise<Answer>;
  /**
   * Forgets the lane, wherever it is; an answer that is still to come does not come. `last` tells
   * the thread.
   */
  close(last: Request): void;
}

/**
 * Those who wait for the answers of a lane, in the order in which they asked, and why there are
 * none any more.
 */
type Waiting<Answer> = {
  readonly asked: { resolve: (answer: Answer) => void; reject: (fault: unknown) => void }[];
  fault: unknown;
};

type Thread<Answer> = {
  readonly worker: Worker;
  /** By lane. */
  readonly waiting: Map<number, Waiting<Answer>>;
  isDead: boolean;
};

/**
 * Threads that run the same program and are shared by whoever has work for it: a new one is started
 * where there is none, or where all are busy and more may be. One that dies, whatever of, fails
 * what it was doing, and the next work gets another.
 */
export function createThreadPool<Request, Answer>(of: {
  /** Starts a thread. */
  readonly start: () => Worker;
  /** What is said to those whose thread died. */
  readonly fault: (cause: unknown) => Error;
}): { open(): Lane<Request, Answer> } {
  const threads: Thread<Answer>[] = [];
  let lanes = 0;

  function pickThread(): Thread<Answer> {
    const [least] = [...threads].sort((a, b) => a.waiting.size - b.waiting.size);
    if (least !== undefined && (least.waiting.size === 0 || threads.length >= MAX_THREADS)) return least;
    return startThread();
  }

  function startThread(): Thread<Answer> {
    const thread: Thread<Answer> = { worker: of.start(), waiting: new Map(), isDead: false };
    const { worker, waiting } = thread;

    function die(cause: unknown): void {
      if (thread.isDead) return;
      thread.isDead = true;
      threads.splice(threads.indexOf(thread), 1);
      const death = of.fault(cause);
      for (const each of waiting.values()) fail(each, death);
    }

    worker.once('online', favourEventLoop);
    worker.on('message', (message: FromThread<Answer>) => {
      const lane = waiting.get(message.lane);
      if (lane === undefined) return;
      if ('failure' in message) fail(lane, message.failure);
      else lane.asked.shift()?.resolve(message.answer);
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

  function open(): Lane<Request, Answer> {
    const thread = pickThread();
    const { worker, waiting } = thread;
    const lane = ++lanes;
    const own: Waiting<Answer> = { asked: [], fault: null };
    waiting.set(lane, own);
    worker.ref();
    const tell: Lane<Request, Answer>['tell'] = (request, handedOver = []) =>
      worker.postMessage({ lane, request } satisfies ToThread<Request>, handedOver);
    return {
      thread: worker,
      tell,
      ask: (request, handedOver) =>
        new Promise((resolve, reject) => {
          if (own.fault !== null) return reject(own.fault);
          own.asked.push({ resolve, reject });
          tell(request, handedOver);
        }),
      close: (last) => {
        if (!waiting.delete(lane) || thread.isDead) return;
        tell(last);
        if (waiting.size === 0) worker.unref();
      },
    };
  }

  return { open };
}

function fail<Answer>(lane: Waiting<Answer>, fault: unknown): void {
  lane.fault = fault;
  for (const { reject } of lane.asked.splice(0)) reject(fault);
}

/**
 * Starts the program `name` beside the file `here`: JavaScript when built; TypeScript, which Node
 * 20 does not load, from the sources.
 */
export function startProgram(here: string, name: string, workerData: unknown): Worker {
  if (!here.endsWith('.ts')) return new Worker(new URL(`./${name}.js`, here), { workerData });
  const [tsx, program] = [import.meta.resolve('tsx/esm/api'), new URL(`./${name}.ts`, here).href];
  const load = `import('${tsx}').then(({ register }) => { register(); return import('${program}'); })`;
  return new Worker(load, { eval: true, workerData });
}
