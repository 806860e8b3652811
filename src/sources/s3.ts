import path from 'node:path';
import type { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import { describe, statusOf } from '../documents/s3/faults.ts';
import type { Credentials, SeenFile, SourceLocation } from '../model/source.ts';
import { HostNameError } from '../webhooks/look-up.ts';
import { AddressRefusedError } from '../webhooks/public-address.ts';
import { unfitName } from './file-names.ts';
import { lookUpOf, portOf, requireUrl } from './reach.ts';
import type { Destination, ListedFile, Opening, OpenSource, Reading } from './source-driver.ts';
import { SourceError } from './source-error.ts';

type S3 = Extract<SourceLocation, { kind: 'S3' }>;

const CONNECT_MS = 5_000;
const STAND_STILL_MS = 30_000;
/** What one request copies at most. */
const MAX_COPY_BYTES = 5 * 1024 ** 3;

/** Where a bucket is spoken to, when nothing else is said. */
export function endpointOf({ endpoint, region }: Pick<S3, 'endpoint' | 'region'>): string {
  return endpoint ?? `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/`;
}

/**
 * A bucket, under a prefix. Requests are signed by the credentials of the source or by none: never
 * by those of the service, which may be allowed more than whoever set the source up.
 */
export async function openS3(location: S3, opening: Opening): Promise<OpenSource> {
  return new S3Source(location, opening);
}

class S3Source implements OpenSource {
  readonly #location: S3;
  /** Aborts when the pull is given up; closing it does not. */
  readonly #givenUp: AbortSignal;
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;
  readonly #client: S3Client;
  /** Whether each folder has its marker, of those that were looked at. */
  readonly #wholeFolders = new Map<string, boolean>();

  constructor(location: S3, opening: Opening) {
    this.#location = location;
    this.#givenUp = opening.signal;
    this.#signal = AbortSignal.any([opening.signal, this.#closing.signal]);
    this.#client = clientOf(location, { ...opening, signal: this.#signal });
  }

  async *list(): AsyncGenerator<ListedFile> {
    const { bucket: Bucket, prefix: Prefix } = this.#location;
    const options = { abortSignal: this.#signal };
    const pages = paginateListObjectsV2({ client: this.#client }, { Bucket, Prefix }, options);
    for (;;) {
      const { value: page, done } = await this.#send('objects could not be listed', () => pages.next());
      if (done) return;
      for (const { Key = '', ...facts } of page.Contents ?? []) {
        const name = Key.slice(Prefix.length);
        if (name === '' || name.endsWith('/')) continue;
        yield { ...seen(name, facts), unfit: unfitName(name) };
      }
    }
  }

  async stateOf({ name }: SeenFile): Promise<'WHOLE' | { readonly waitsFor: string }> {
    const { marker } = this.#location;
    if (marker === null || (await this.#isFolderWhole(path.posix.dirname(name), marker))) return 'WHOLE';
    return { waitsFor: `there is no ${marker} beside it yet` };
  }

  async look(name: string): Promise<SeenFile | null> {
    const head = await this.#send('the object could not be looked for', () =>
      this.#client
        .send(new HeadObjectCommand(this.#object(name)), { abortSignal: this.#signal })
        .catch((fault: unknown) => {
          if (statusOf(fault) === 404 && (fault as Error).name !== 'NoSuchBucket') return null;
          throw fault;
        }),
    );
    return head === null ? null : seen(name, { ...head, Size: head.ContentLength });
  }

  async read({ name, etag }: SeenFile): Promise<Reading> {
    const object = { ...this.#object(name), ...(etag === null ? {} : { IfMatch: etag }) };
    const { Body, ContentEncoding } = await this.#send('the object could not be read', () =>
      this.#client.send(new GetObjectCommand(object), { abortSignal: this.#signal }),
    );
    const stream = Body as Readable;
    return {
      stream,
      contentEncoding: encodingOf(ContentEncoding),
      isUnchanged: async () => true,
      close: async () => {
        stream.destroy();
      },
    };
  }

  async move(file: SeenFile, to: Destination): Promise<void> {
    if (!(await this.#isStill(file))) return;
    if ((file.bytes ?? 0) > MAX_COPY_BYTES)
      throw new SourceError('S3 copies 5 GiB at most, so that the object cannot be moved: it stays');
    const folder = path.posix.join(path.posix.dirname(file.name), to.folder);
    const from = this.#object(file.name);
    const copy = {
      ...this.#object(`${folder}/${to.prefix}${path.posix.basename(file.name)}`),
      CopySource: `${from.Bucket}/${from.Key.split('/').map(encodeURIComponent).join('/')}`,
      ...(file.etag === null ? {} : { CopySourceIfMatch: file.etag }),
    };
    await this.#send('the object could not be copied', () => this.#client.send(new CopyObjectCommand(copy)));
    await this.#delete(file.name);
  }

  async remove(file: SeenFile): Promise<void> {
    if (await this.#isStill(file)) await this.#delete(file.name);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#client.destroy();
  }

  #object(name: string): { readonly Bucket: string; readonly Key: string } {
    const { bucket, prefix } = this.#location;
    return { Bucket: bucket, Key: prefix + name };
  }

  async #send<T>(what: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (cause) {
      if (this.#givenUp.aborted) throw this.#givenUp.reason;
      const isOfName = cause instanceof AddressRefusedError || cause instanceof HostNameError;
      const reason = isOfName ? cause.message : describe(cause);
      throw new SourceError(`${what}: ${reason}`, { cause });
    }
  }

  async #isStill(file: SeenFile): Promise<boolean> {
    return (await this.look(file.name))?.etag === file.etag;
  }

  async #isFolderWhole(folder: string, name: string): Promise<boolean> {
    const known = this.#wholeFolders.get(folder);
    if (known !== undefined) return known;
    const isWhole = (await this.look(path.posix.join(folder, name))) !== null;
    this.#wholeFolders.set(folder, isWhole);
    return isWhole;
  }

  async #delete(name: string): Promise<void> {
    await this.#send('the object could not be removed', () =>
      this.#client.send(new DeleteObjectCommand(this.#object(name))),
    );
  }
}

/** `aws-chunked` is how it was once sent, and does not concern what it holds. */
function encodingOf(header: string | undefined): string | null {
  const names = (header ?? '').split(',').map((name) => name.trim());
  const left = names.filter((name) => name !== '' && name !== 'aws-chunked');
  return left.length === 0 ? null : left.join(',');
}

function seen(
  name: string,
  facts: { Size?: number | undefined; ETag?: string | undefined; LastModified?: Date | undefined },
): SeenFile {
  return {
    name,
    bytes: facts.Size ?? null,
    etag: facts.ETag ?? null,
    modifiedTs: facts.LastModified?.getTime() ?? null,
  };
}

function clientOf(location: S3, { credentials, network, signal }: Opening): S3Client {
  const url = requireUrl(endpointOf(location), network);
  const agent = { lookup: lookUpOf(url.hostname, portOf(url), { network, signal }), maxSockets: 4 };
  const isSigned = credentials.access_key_id !== undefined;
  return new S3Client({
    region: location.region,
    // named also where it is Amazon's own: by itself the SDK reads it from the environment of the
    // service
    endpoint: url.href,
    forcePathStyle: location.endpoint !== null,
    maxAttempts: 3,
    credentials: credentialsOf(credentials),
    ...(isSigned ? {} : { signer: { sign: async (request) => request } }),
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: STAND_STILL_MS,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
}

function credentialsOf(given: Credentials) {
  return {
    accessKeyId: given.access_key_id ?? 'none',
    secretAccessKey: given.secret_access_key ?? 'none',
    ...(given.session_token === undefined ? {} : { sessionToken: given.session_token }),
  };
}
