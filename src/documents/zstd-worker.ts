import { Worker } from 'node:worker_threads';

/** What the thread answers to each `ZstdBlock` it is sent. */
export type ZstdAnswer = { readonly output: Uint8Array } | { readonly failure: string };

/**
 * JavaScript as text, because a thread loads no TypeScript on Node 20 and the file has another
 * suffix when built. The output is concatenated, so that what is sent is a copy: fzstd hands out
 * views of buffers that it goes on using.
 */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.fzstd).then(({ Decompress }) => {
  let produced;
  let decoder = null;
  parentPort.on('message', ({ bytes, position }) => {
    produced = [];
    decoder ??= new Decompress((output) => produced.push(output));
    const ends = position === 'LAST' || position === 'ONLY';
    try {
      decoder.push(bytes, ends);
      if (ends) decoder = null;
      parentPort.postMessage({ output: Buffer.concat(produced) });
    } catch (error) {
      parentPort.postMessage({ failure: error.message });
    }
  });
});`;

/** Starts a thread that decodes one block at a time; `zstd.ts` says why it is a thread. */
export function startZstdWorker(): Worker {
  return new Worker(PROGRAM, { eval: true, workerData: { fzstd: import.meta.resolve('fzstd') } });
}
