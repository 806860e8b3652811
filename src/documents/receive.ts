import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ServiceError } from '../errors.ts';
import { passFaultPoint } from '../fault-points.ts';
import type { MimeType } from '../model/records.ts';
import type { Decoder } from './decoder.ts';
import { decompress } from './decompress.ts';
import type { Documents, ExpectedDocument } from './documents.ts';
import type { RequireRoom } from './room.ts';
import { createSpool, type Spool } from './spool.ts';
import { invalidCompression } from './zstd-frames.ts';
import { decodeZstdInTurn } from './zstd-in-turn.ts';

/** Changes a document as it comes, beside the event loop. */
export interface Hasher {
  /** Takes the next bytes; gives those that can be kept. */
  take(chunk: Buffer): Promise<Buffer>;
  /** The document has ended; gives the rest. */
  end(): Promise<Buffer>;
  /** Forgets the document, wherever it is. */
  close(): void;
}

/** What an upload goes through between its decompression and the disk, which knows bytes alone. */
export interface Intake {
  /** Looks at the first bytes as they pass, and refuses what they tell. */
  readonly check: Decoder;
  /** Makes text of a document that is none. */
  readonly toText: Decoder;
  /** What hashes columns of the text; null where there are none to hash. */
  readonly openHasher: () => Hasher | null;
}

/** Makes the intake of one upload. A document that has to be put aside as a whole has a spool. */
export type OpenIntake = (expected: ExpectedDocument, createSpool: () => Spool) => Intake;

export type ReceiveSettings = {
  /** Of the decompressed bytes. */
  readonly maxUploadBytes: number;
  readonly uploadIdleMs: number;
  readonly openIntake: OpenIntake;
};
type Receiving = ReceiveSettings & {
  readonly requireRoom: RequireRoom;
  /** Makes the file as durable as it is to be. */
  readonly finish: (file: FileHandle) => Promise<void>;
};

/** How far a file grows between two looks at the room on the disk. */
const ROOM_STEP_BYTES = 4 * 1024 * 1024;

type Upload = Parameters<Documents['receive']>[0];
type Measured = { readonly bytes: number; readonly sha256: string };

/**
 * Writes an upload to `file`; the stream is destroyed when it is over, whichever way. What went
 * wrong comes out as a ServiceError where the sender can do something about it. The file may be
 * there in part after a failure.
 */
export async function receiveFile(file: string, upload: Upload, settings: Receiving): Promise<Measured> {
  // Until the pipeline listens, an error would be nobody's and end the process; the pipeline finds
  // it afterwards.
  upload.stream.on('error', () => {});
  try {
    const decoder = decoderOf(file, upload, settings);
    const createParquetSpool = () => createSpool(`${file}.parquet`, settings.requireRoom);
    const intake = settings.openIntake(upload, createParquetSpool);
    const handle = await open(file, 'wx');
    try {
      let measured: Measured | null = null;
      const guard = guardIdle(upload.stream, settings);
      await pipeline(upload.stream, guard, decoder, intake.check, intake.toText, async (text) => {
        measured = await write(text, { handle, upload, settings, intake });
      });
      if (measured === null) throw new Error('the pipeline ended without its last stage');
      await settings.finish(handle);
      passFaultPoint('upload-synced');
      return measured;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw asServiceError(error);
  } finally {
    upload.stream.destroy();
  }
}

function decoderOf(file: string, { contentEncoding }: Upload, { maxUploadBytes, requireRoom }: Receiving) {
  let spools = 0;
  return decompress({
    contentEncoding,
    decodeZstd: decodeZstdInTurn({ createSpool: () => createSpool(`${file}.zst${++spools}`, requireRoom) }),
    limit: (bytes) => {
      if (bytes > maxUploadBytes) throw fileTooLarge(maxUploadBytes);
    },
  });
}

/**
 * Ends an upload that sends nothing for too long, or more than a file may have: packed bytes can
 * come to nothing for ever. Time that the disk takes does not count.
 */
function guardIdle(
  stream: Readable,
  { uploadIdleMs: idleMs, maxUploadBytes }: Pick<ReceiveSettings, 'uploadIdleMs' | 'maxUploadBytes'>,
) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const cutOff = () =>
      stream.destroy(
        new ServiceError('REQUEST_TIMEOUT', `the upload must go on within ${idleMs} ms, got nothing`),
      );
    let timer = setTimeout(cutOff, idleMs);
    let bytes = 0;
    try {
      for await (const chunk of source) {
        clearTimeout(timer);
        bytes += chunk.length;
        if (bytes > maxUploadBytes) throw fileTooLarge(maxUploadBytes);
        yield chunk;
        timer = setTimeout(cutOff, idleMs);
      }
    } finally {
      clearTimeout(timer);
    }
  };
}

async function write(
  text: AsyncIterable<Buffer>,
  to: { handle: FileHandle; upload: Upload; settings: Receiving; intake: Intake },
): Promise<Measured> {
  const { maxUploadBytes, requireRoom } = to.settings;
  const hash = createHash('sha256');
  const { mimeType } = to.upload;
  const hasher = to.intake.openHasher();
  let received = 0;
  let bytes = 0;
  let roomUntil = ROOM_STEP_BYTES;

  async function keep(chunk: Buffer): Promise<void> {
    bytes += chunk.length;
    if (bytes > roomUntil) {
      await requireRoom(chunk.length);
      roomUntil = bytes + ROOM_STEP_BYTES;
    }
    hash.update(chunk);
    await to.handle.appendFile(chunk);
  }

  try {
    for await (const chunk of text) {
      received += chunk.length;
      if (received > maxUploadBytes) throw fileTooLarge(maxUploadBytes, mimeType);
      await keep(hasher === null ? chunk : await hasher.take(chunk));
      passFaultPoint('upload-half-written');
    }
    if (hasher !== null) await keep(await hasher.end());
  } finally {
    hasher?.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

function asServiceError(error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (error instanceof ServiceError || typeof code !== 'string') return error;
  if (code === 'ENOSPC' || code === 'EDQUOT') return insufficientStorage(error);
  // What Node's gunzip says of bytes that come after the end of its output.
  if (code === 'ERR_STREAM_PUSH_AFTER_EOF')
    return invalidCompression('gzip', 'something follows its end', error);
  if (code === 'Z_BUF_ERROR') return invalidCompression('gzip', 'it ends early', error);
  if (code === 'Z_MEM_ERROR' || code === 'ZSTD_error_memory_allocation') return noMemory(error);
  if (code.startsWith('Z_')) return invalidCompression('gzip', (error as Error).message, error);
  if (code.startsWith('ZSTD_')) return invalidCompression('zstd', (error as Error).message, error);
  return error;
}

/** More bytes than are taken, as they were sent or decompressed. */
export function fileTooLarge(maxUploadBytes: number, mimeType?: MimeType): ServiceError {
  const form = mimeType === 'APPLICATION_PARQUET' ? 'its rows written as NDJSON' : 'decompressed';
  return new ServiceError('FILE_TOO_LARGE', `the file must be at most ${maxUploadBytes} bytes, ${form}`);
}

/** The memory is full, which says nothing of the file. */
function noMemory(cause: unknown): ServiceError {
  return new ServiceError('OVERLOADED', 'there is no memory left to decompress the file: try again soon', {
    cause,
  });
}

/** The disk is full: said to the sender, who can try again later. */
export function insufficientStorage(cause: unknown): ServiceError {
  return new ServiceError('INSUFFICIENT_STORAGE', 'there is no room left for the file', { cause });
}
