import { Readable } from 'node:stream';
import { openIntake } from '../../src/content/intake.ts';
import type { Documents } from '../../src/documents/documents.ts';
import type { MimeType } from '../../src/model/records.ts';

export const MIB = 1024 * 1024;
export const LIMITS = { maxUploadBytes: 16 * MIB, uploadIdleMs: 5_000, minFreeBytes: 0, openIntake };
export const LINE = '{"operation":"UPDATE","email_hash":"a","segment_id":"1","expiration_duration":0}\n';

export type Given = {
  contentEncoding?: string;
  mimeType?: MimeType;
  profile?: 'COMMANDS' | 'USER_LIST';
};

/** Has some bytes received, as an upload of NDJSON if nothing else is said. */
export function receive(documents: Documents, content: Readable | Buffer | string, given: Given = {}) {
  return documents.receive({
    stream: content instanceof Readable ? content : Readable.from(inSlices(Buffer.from(content))),
    mimeType: given.mimeType ?? 'APPLICATION_X_NDJSON',
    contentEncoding: given.contentEncoding ?? null,
    profile: given.profile ?? 'COMMANDS',
  });
}

export function* inSlices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 60_000) yield bytes.subarray(at, at + 60_000);
}
