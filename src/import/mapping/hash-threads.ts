import { Buffer } from 'node:buffer';
import { ServiceError } from '../../errors.ts';
import { handOverFault } from '../../fault-points.ts';
import { createThreadPool, type Lane, startProgram } from '../../thread-pool.ts';
import { createDocumentHasher } from './hash-document.ts';
import type { HashedDocument, HashRequest } from './hash-thread.ts';
import { sha256Of } from './sha256.ts';

/** Bytes that a thread is sent together: a sender may send them one by one. */
const MESSAGE_BYTES = 64 * 1024;
/**
 * A document that is no longer is hashed here: 2 ms of NDJSON at most, and a message takes some of
 * that, too.
 */
const SMALL_BYTES = 8 * 1024;

/** Changes a document as it comes, beside the event loop; see `DocumentHasher`. */
export interface HasherInThread {
  /**
   * Takes the next bytes; gives those that can be kept. While a thread hashes some, the next may
   * come. Rejects with OVERLOADED if the thread dies: nothing is wrong with the document.
   */
  take(chunk: Buffer): Promise<Buffer>;
  /** The document has ended; gives the rest. */
  end(): Promise<Buffer>;
  /** Forgets the document, wherever it is. */
  close(): void;
}

const pool = createThreadPool<HashRequest, Uint8Array>({
  start: () =>
    startProgram(String(import.meta.url), 'hash-thread', { fault: handOverFault('hash-thread-dies') }),
  fault: (cause) =>
    new ServiceError('OVERLOADED', 'the thread that hashes columns died: send the file again', { cause }),
});

/** Hashes the columns of a document in one of the threads that do so for all uploads. */
export function openHasher(document: HashedDocument): HasherInThread {
  let lane: Lane<HashRequest, Uint8Array> | null = null;
  let pieces: Buffer[] = [];
  let length = 0;
  let pending: Promise<Uint8Array> | null = null;

  function openLane(): Lane<HashRequest, Uint8Array> {
    const opened = pool.open();
    opened.tell({ type: 'OPEN', document });
    return opened;
  }

  /** Sends what has come; gives what came of the bytes before it. */
  async function send(isEnd: boolean): Promise<Buffer> {
    lane ??= openLane();
    // a copy, which can be handed over
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    pieces = [];
    length = 0;
    const before = pending;
    pending = lane.ask({ type: 'TAKE', bytes, isEnd }, [bytes.buffer]);
    // an upload that breaks off does not wait for it
    pending.catch(() => {});
    return before === null ? Buffer.alloc(0) : bufferOf(await before);
  }

  return {
    take: async (chunk) => {
      pieces.push(chunk);
      length += chunk.length;
      return length < MESSAGE_BYTES ? Buffer.alloc(0) : send(false);
    },
    end: async () => {
      if (lane === null && length <= SMALL_BYTES) {
        const hasher = createDocumentHasher(document, sha256Of);
        return Buffer.concat([...pieces.map(hasher.take), hasher.end()]);
      }
      const before = await send(true);
      const last = pending === null ? Buffer.alloc(0) : bufferOf(await pending);
      return Buffer.concat([before, last]);
    },
    close: () => lane?.close({ type: 'CLOSE' }),
  };
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
