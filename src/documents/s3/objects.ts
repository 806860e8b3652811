import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type MultipartUpload,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { FileReader } from '../../model/file-reader.ts';
import { createBudget } from '../budget.ts';
import type { FileFacts } from '../join-parts.ts';
import { asDocumentsFault, canPassInS3, statusOf } from './faults.ts';
import { readWindows } from './windows.ts';

export type S3Place = { readonly client: S3Client; readonly bucket: string };

export type ListedObject = FileFacts & { readonly key: string };

/** The least that S3 takes as a part of a multipart upload, but for the last one. */
const PART_BYTES = 5 * 1024 * 1024;
/** A multipart upload has 10,000 parts at most. */
const MOST_PARTS = 9_000;
/** Parts of one upload that are on their way at a time. */
const PARTS_AT_A_TIME = 2;
/** What all uploads hold in memory together. */
const MOST_UPLOADING_BYTES = 64 * 1024 * 1024;
/** Times that a range is asked for again that broke off, from where it did. */
const MOST_RESUMPTIONS = 4;
const RESUME_MS = 100;

/** The objects of a bucket, by key. Throws what `asDocumentsFault` makes of a fault. */
export class S3Objects {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #memory = createBudget(MOST_UPLOADING_BYTES);

  constructor({ client, bucket }: S3Place) {
    this.#client = client;
    this.#bucket = bucket;
  }

  /** An object is whole or absent, and durable when this resolves. */
  put(key: string, content: Buffer): Promise<void> {
    return this.#withinBudget(content.length, () => this.#put(key, content));
  }

  /** The same from a local file, in parts where it is large. */
  putFile(key: string, { path, bytes }: { readonly path: string; readonly bytes: number }): Promise<void> {
    if (bytes <= PART_BYTES)
      return this.#withinBudget(bytes, async () => this.#put(key, await readFile(path)));
    const partBytes = Math.max(PART_BYTES, Math.ceil(bytes / MOST_PARTS));
    // those on their way, and the one that is read from the file
    const held = (PARTS_AT_A_TIME + 1) * partBytes;
    return this.#withinBudget(held, () => this.#putInParts(key, { path, partBytes }));
  }

  /**
   * Puts an object where none is; false where one is. Of several that do so at once one succeeds,
   * on servers that know conditional writes.
   */
  async create(key: string, content: Buffer): Promise<boolean> {
    try {
      await this.#client.send(
        new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: content, IfNoneMatch: '*' }),
      );
      return true;
    } catch (fault) {
      // 409: another one is being written at this moment
      if (statusOf(fault) === 412 || statusOf(fault) === 409) return false;
      if (statusOf(fault) !== 501) throw asDocumentsFault(fault, 'an object could not be written');
      await this.#put(key, content);
      return true;
    }
  }

  /**
   * Null when there is none. Reads what was there when it was opened; a fault when it is replaced
   * meanwhile.
   */
  async open(key: string, known?: FileFacts): Promise<(FileReader & FileFacts) | null> {
    const facts = known ?? (await this.#look(key));
    if (facts === null) return null;
    const { bytes, etag, modifiedAt } = facts;
    const object = { Bucket: this.#bucket, Key: key, IfMatch: etag };
    const fetch = (start: number, end: number) => this.#fetchRange(object, start, end);
    return { bytes, etag, modifiedAt, ...readWindows(bytes, fetch) };
  }

  /** In the order of the keys. */
  async *list(prefix: string): AsyncGenerator<ListedObject> {
    const of = { Bucket: this.#bucket, Prefix: prefix };
    try {
      for await (const { Contents = [] } of paginateListObjectsV2({ client: this.#client }, of))
        for (const { Key, Size, ETag, LastModified } of Contents) {
          if (Key === undefined) continue;
          yield { key: Key, bytes: Size ?? 0, etag: String(ETag), modifiedAt: instantOf(LastModified) };
        }
    } catch (fault) {
      throw asDocumentsFault(fault, 'objects could not be listed');
    }
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (let i = 0; i < keys.length; i += 1000) {
      const Objects = keys.slice(i, i + 1000).map((Key) => ({ Key }));
      const { Errors = [] } = await told('objects could not be removed', () =>
        this.#client.send(
          new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects, Quiet: true } }),
        ),
      );
      const left = Errors.filter(({ Code }) => Code !== 'NoSuchKey');
      if (left.length > 0)
        throw new Error(`${left.length} objects could not be removed: ${left[0]?.Code ?? 'unknown'}`);
    }
  }

  /** Gives up uploads in parts that were begun before an instant and never completed. */
  async abortUploads(prefix: string, before: number): Promise<void> {
    for await (const { Key, UploadId, Initiated } of this.#listUploads(prefix))
      if (instantOf(Initiated) < before)
        await nullIfGone('an upload could not be given up', () =>
          this.#client.send(new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId })),
        );
  }

  async #withinBudget<T>(bytes: number, task: () => Promise<T>): Promise<T> {
    const giveBack = await this.#memory.take(bytes);
    try {
      return await task();
    } finally {
      giveBack?.();
    }
  }

  async #put(Key: string, Body: Buffer): Promise<void> {
    await told('an object could not be written', () =>
      this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key, Body })),
    );
  }

  async #putInParts(Key: string, { path, partBytes }: { path: string; partBytes: number }): Promise<void> {
    const params = { Bucket: this.#bucket, Key, Body: createReadStream(path) };
    const upload = new Upload({
      client: this.#client,
      params,
      partSize: partBytes,
      queueSize: PARTS_AT_A_TIME,
      leavePartsOnError: false,
    });
    await told('an object could not be written', () => upload.done());
  }

  async #look(Key: string): Promise<FileFacts | null> {
    const head = await nullIfGone('an object could not be looked for', () =>
      this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key })),
    );
    if (head === null) return null;
    const { ContentLength, ETag, LastModified } = head;
    return { bytes: Number(ContentLength), etag: String(ETag), modifiedAt: instantOf(LastModified) };
  }

  /**
   * The bytes of a range. The SDK asks again where there is no answer; where one breaks off, it is
   * taken up where it broke.
   */
  async #fetchRange(
    object: { readonly Bucket: string; readonly Key: string; readonly IfMatch: string },
    start: number,
    end: number,
  ): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let at = start;
    for (let tries = 0; at < end; tries++) {
      const range = { ...object, Range: `bytes=${at}-${end - 1}` };
      const { Body } = await told('an object could not be read', () =>
        this.#client.send(new GetObjectCommand(range)),
      );
      try {
        for await (const chunk of Body as Readable as AsyncIterable<Buffer>) {
          chunks.push(chunk);
          at += chunk.length;
        }
        if (at > end) throw new Error(`more came of an object than was asked for: ${at} instead of ${end}`);
      } catch (fault) {
        if (tries === MOST_RESUMPTIONS || !canPassInS3(fault))
          throw asDocumentsFault(fault, 'an object could not be read');
        await sleep(RESUME_MS * 2 ** tries);
      }
    }
    return Buffer.concat(chunks);
  }

  async *#listUploads(Prefix: string): AsyncGenerator<MultipartUpload> {
    let after: { KeyMarker?: string; UploadIdMarker?: string } = {};
    for (let isLast = false; !isLast; ) {
      const page = await this.#client
        .send(new ListMultipartUploadsCommand({ Bucket: this.#bucket, Prefix, ...after }))
        .catch((fault: unknown) => {
          // not every server that speaks S3 lists what was not completed
          if (statusOf(fault) === 501) return null;
          throw asDocumentsFault(fault, 'unfinished uploads could not be listed');
        });
      yield* page?.Uploads ?? [];
      isLast = page?.IsTruncated !== true;
      after = {
        ...(page?.NextKeyMarker === undefined ? {} : { KeyMarker: page.NextKeyMarker }),
        ...(page?.NextUploadIdMarker === undefined ? {} : { UploadIdMarker: page.NextUploadIdMarker }),
      };
    }
  }
}

function instantOf(date: Date | undefined): number {
  return date === undefined ? 0 : date.getTime();
}

async function told<T>(what: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (fault) {
    throw asDocumentsFault(fault, what);
  }
}

async function nullIfGone<T>(what: string, request: () => Promise<T>): Promise<T | null> {
  try {
    return await request();
  } catch (fault) {
    // HEAD has no body that could say more; that the bucket is there was seen at the start
    if (statusOf(fault) === 404 && (fault as Error).name !== 'NoSuchBucket') return null;
    throw asDocumentsFault(fault, what);
  }
}
