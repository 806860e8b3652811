import buffer from 'node:buffer';
import inspector from 'node:inspector';
import { syncBuiltinESMExports } from 'node:module';

/** Whose code is counted: the project's own, and the parsers it calls. */
const COUNTED = /\/src\/|\/node_modules\/(jsonc-parser|papaparse)\//;

const session = new inspector.Session();

/**
 * From here on, code that is loaded counts what it does: how often each of its blocks is run, so
 * that a loop over bytes counts each of them. It must be imported after this call. Nothing in the
 * code itself has to count, and nothing can be forgotten.
 */
export function startCounting(): void {
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
}

/** The blocks of counted code that were run since the last call. */
function takeBlocks(): number {
  let blocks = 0;
  session.post('Profiler.takePreciseCoverage', (error, { result }) => {
    if (error) throw error;
    for (const { url, functions } of result) {
      if (!COUNTED.test(url)) continue;
      for (const { ranges } of functions) for (const { count } of ranges) blocks += count;
    }
  });
  return blocks;
}

/**
 * The work that something does: blocks that are run, and bytes or characters that built-in
 * functions look at or copy.
 */
export async function countWork(of: () => unknown): Promise<number> {
  let bytes = 0;
  const restore = countBuiltIns((more) => {
    bytes += more;
  });
  takeBlocks();
  try {
    await of();
  } finally {
    restore();
  }
  return takeBlocks() + bytes;
}

type Cost = (self: Sized, args: readonly unknown[], result: unknown) => number;
type Sized = { readonly length: number };

function countBuiltIns(add: (bytes: number) => void): () => void {
  const restored: (() => void)[] = [];
  const wrap = (owner: object, name: PropertyKey, cost: Cost) => {
    const original = Reflect.get(owner, name) as (...args: readonly unknown[]) => unknown;
    Reflect.set(owner, name, function counted(this: unknown, ...args: readonly unknown[]) {
      const result = original.apply(this, args as unknown[]);
      add(cost(this as Sized, args, result));
      return result;
    });
    restored.push(() => Reflect.set(owner, name, original));
  };

  const found: Cost = (self, [, from = 0], at) => (at === -1 ? self.length : Number(at) + 1) - Number(from);
  const fromEnd: Cost = (self, _, at) => self.length - Math.max(0, Number(at));
  const length: Cost = (self) => self.length;
  const first: Cost = (_, [text]) => (text as Sized).length;
  const result: Cost = (_, __, text) => (text as Sized | undefined)?.length ?? 0;

  for (const owner of [Buffer.prototype, String.prototype, Array.prototype]) {
    wrap(owner, 'indexOf', found);
    wrap(owner, 'includes', length);
  }
  for (const owner of [Buffer.prototype, String.prototype]) wrap(owner, 'lastIndexOf', fromEnd);
  for (const name of ['split', 'replace', 'replaceAll', 'trim', 'toLowerCase', 'isWellFormed'])
    wrap(String.prototype, name, length);
  // not `exec`, which `replace` calls for each match once it is no longer the built-in one
  wrap(RegExp.prototype, 'test', first);
  for (const name of ['concat', 'from']) wrap(Buffer, name, result);
  wrap(Buffer.prototype, 'toString', result);
  wrap(Buffer.prototype, 'copy', (_, __, copied) => Number(copied));
  wrap(Array.prototype, 'join', result);
  wrap(JSON, 'parse', first);
  wrap(JSON, 'stringify', result);
  wrap(buffer, 'isUtf8', first);
  syncBuiltinESMExports();
  return () => {
    for (const each of restored) each();
    syncBuiltinESMExports();
  };
}
