import { parentPort, workerData } from 'node:worker_threads';
import { armFaultPoint, type Fault, passFaultPoint } from '../../fault-points.ts';
import type { Mapping } from '../../model/mapping.ts';
import type { MimeType } from '../../model/records.ts';
import type { FromThread, ToThread } from '../../thread-pool.ts';
import { createDocumentHasher, type DocumentHasher } from './hash-document.ts';
import { sha256Of } from './sha256.ts';

/**
 * The program of a thread that hashes the columns of documents as they come in, several at a time.
 */

/** A document whose columns are hashed. */
export type HashedDocument = { readonly mapping: Mapping; readonly mimeType: MimeType };

/** What a thread is sent. Each `TAKE` is answered by the bytes that can be kept, in their order. */
export type HashRequest =
  | { readonly type: 'OPEN'; readonly document: HashedDocument }
  /** `isEnd`: no bytes come behind these. */
  | { readonly type: 'TAKE'; readonly bytes: Uint8Array; readonly isEnd: boolean }
  | { readonly type: 'CLOSE' };

if (parentPort !== null) {
  const port = parentPort;
  armFaultPoint((workerData as { readonly fault: Fault | null }).fault);
  const hashers = new Map<number, DocumentHasher>();

  const handle = ({ lane, request }: ToThread<HashRequest>) => {
    if (request.type === 'CLOSE') return void hashers.delete(lane);
    if (request.type === 'OPEN')
      return void hashers.set(lane, createDocumentHasher(request.document, sha256Of));
    const hasher = hashers.get(lane);
    if (hasher === undefined) return;
    passFaultPoint('hash-thread-dies');
    const { buffer, byteOffset, length } = request.bytes;
    const hashed = [hasher.take(Buffer.from(buffer, byteOffset, length))];
    if (request.isEnd) hashed.push(hasher.end());
    // a copy, which can be handed over: what is given may be a part of what is held
    const answer = new Uint8Array(Buffer.concat(hashed));
    port.postMessage({ lane, answer } satisfies FromThread<Uint8Array>, [answer.buffer]);
  };

  port.on('message', (message: ToThread<HashRequest>) => {
    try {
      handle(message);
    } catch (failure) {
      hashers.delete(message.lane);
      port.postMessage({ lane: message.lane, failure } satisfies FromThread<Uint8Array>);
    }
  });
}
