import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { decodeGzip } from '../../src/documents/gzip.ts';
import { decodeZstd } from '../../src/documents/zstd.ts';
import { ServiceError } from '../../src/errors.ts';
import { type Mutation, mutate, mutation } from '../../test/properties/mutations.ts';
import { rawZstd, rleZstd } from '../../test/zstd-samples.ts';
import { pure } from '../target.ts';

/** What is read of a stream that goes on and on. */
const MOST_BYTES = 4 * 1024 * 1024;
const FIXTURES = new URL('../../test/documents/fixtures/', import.meta.url);
const content = fc.uint8Array({ minLength: 1, maxLength: 2_000 }).map((bytes) => Buffer.from(bytes));
const mutations = fc.array(mutation, { maxLength: 5 });
const cut = fc.integer({ min: 1, max: 3_000 });

const DECODERS = { gzip: decodeGzip, zstd: decodeZstd };

type Decoded = { readonly type: 'WHOLE' | 'CUT'; readonly bytes: Buffer } | { readonly type: 'REFUSED' };

async function decode(encoding: 'gzip' | 'zstd', sent: Buffer, size: number): Promise<Decoded> {
  async function* blocks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < sent.length; at += size) yield sent.subarray(at, at + size);
  }
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of DECODERS[encoding](blocks())) {
      parts.push(part);
      length += part.length;
      if (length > MOST_BYTES) return { type: 'CUT', bytes: Buffer.concat(parts) };
    }
    return { type: 'WHOLE', bytes: Buffer.concat(parts) };
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    const isExpected =
      error instanceof ServiceError
        ? ['INVALID_COMPRESSION', 'OVERLOADED'].includes(error.code)
        : /^(Z_|ZSTD_|ERR_STREAM_PUSH_AFTER_EOF)/.test(String(code));
    if (!isExpected) throw error;
    return { type: 'REFUSED' };
  }
}

/** What Node's own function makes of it; null when it refuses it. */
function reference(sent: Buffer): Buffer | null {
  try {
    return gunzipSync(sent, { maxOutputLength: 2 * MOST_BYTES });
  } catch {
    return null;
  }
}

export const gzip = pure(
  fc.asyncProperty(
    fc.array(content, { minLength: 1, maxLength: 4 }),
    mutations,
    cut,
    async (members, faults, size) => {
      const sent = mutate(Buffer.concat(members.map((member) => gzipSync(member))), faults as Mutation[]);
      const decoded = await decode('gzip', sent, size);
      if (faults.length === 0) assert.deepEqual(decoded, { type: 'WHOLE', bytes: Buffer.concat(members) });
      if (decoded.type === 'WHOLE' && sent.length > 0) assert.deepEqual(decoded.bytes, reference(sent));
    },
  ),
);

const frame = fc.oneof(
  content.map((bytes) => ({ sent: rawZstd(bytes), content: bytes })),
  fc.integer({ min: 1, max: 4 }).map((blocks) => ({
    sent: rleZstd(blocks),
    content: Buffer.alloc(blocks * 128 * 1024, 'x'),
  })),
);
const real = ['level-3.zst', 'no-check.zst'].map((name) => readFileSync(new URL(name, FIXTURES)));

export const zstd = pure(
  fc.asyncProperty(
    fc.array(frame, { minLength: 1, maxLength: 3 }),
    mutations,
    cut,
    async (frames, faults, size) => {
      const sent = mutate(Buffer.concat(frames.map((each) => each.sent)), faults as Mutation[]);
      const decoded = await decode('zstd', sent, size);
      if (faults.length > 0) return;
      assert.deepEqual(decoded, { type: 'WHOLE', bytes: Buffer.concat(frames.map((each) => each.content)) });
    },
  ),
  fc.asyncProperty(
    fc.constantFrom(...real),
    fc.array(mutation, { minLength: 1, maxLength: 3 }),
    cut,
    async (bytes, faults, size) => {
      await decode('zstd', mutate(bytes, faults as Mutation[]), 1_000 + size);
    },
  ),
);
