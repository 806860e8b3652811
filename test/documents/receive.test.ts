import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openIntake } from '../../src/content/intake.ts';
import { wholeFile } from '../../src/documents/documents.ts';
import { openDocumentsFolder } from '../../src/documents/folder.ts';
import { decodeInWorker } from '../../src/documents/zstd.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { rawZstd, rleZstd } from '../zstd-samples.ts';
import { foldersOf, type Limits, type OpenedDocuments, textOf } from './contract.ts';
import { type Given, inSlices, LINE, MIB, receive } from './receive.ts';

const LIMITS = { maxUploadBytes: 8 * MIB, uploadIdleMs: 5_000, minFreeBytes: 0, openIntake };
const INPUT = wholeFile('input');

async function open(
  t: TestContext,
  limits: Limits = LIMITS,
  freeBytes?: () => Promise<number>,
): Promise<OpenedDocuments> {
  const dir = await makeFolder();
  t.after(() => discardFolder(t, dir));
  const documents = await openDocumentsFolder(dir, limits, freeBytes);
  return { documents, again: async () => documents, unfinished: () => readdir(path.join(dir, 'incoming')) };
}

async function assertNothingLeft({ documents, unfinished }: OpenedDocuments): Promise<void> {
  assert.deepEqual(await unfinished(), []);
  assert.deepEqual(await foldersOf(documents), []);
}

const samples = [
  ['gzip', gzipSync(LINE.repeat(3_000)), LINE.repeat(3_000)],
  ['x-gzip', gzipSync(LINE), LINE],
  ['GZIP', Buffer.concat([gzipSync(LINE), gzipSync(LINE)]), LINE.repeat(2)],
  ['identity', Buffer.from(LINE), LINE],
  ['zstd', rawZstd(Buffer.from(LINE.repeat(3_000))), LINE.repeat(3_000)],
  ['zstd', Buffer.concat([rawZstd(Buffer.from(LINE)), rawZstd(Buffer.from(LINE))]), LINE.repeat(2)],
] as const;
const refusals: readonly [string, Buffer | string, Given, string][] = [
  ['nothing', '', {}, 'EMPTY_FILE'],
  ['blanks', '\ufeff \r\n\t\n', {}, 'EMPTY_FILE'],
  ['a CSV of blanks', '\ufeff\n\n', { mimeType: 'TEXT_CSV' }, 'EMPTY_FILE'],
  ['nothing in gzip', gzipSync(''), { contentEncoding: 'gzip' }, 'EMPTY_FILE'],
  ['a JSON array', `\ufeff \n[${LINE}]`, {}, 'NOT_NDJSON'],
  ['a file over the limit', LINE.repeat(120_000), {}, 'FILE_TOO_LARGE'],
  ['a gzip bomb', gzipSync(Buffer.alloc(64 * MIB, 'x')), { contentEncoding: 'gzip' }, 'FILE_TOO_LARGE'],
  ['a zstd bomb', rleZstd(100_000), { contentEncoding: 'zstd' }, 'FILE_TOO_LARGE'],
  [
    'a truncated gzip',
    gzipSync(randomBytes(9_999)).subarray(0, 5_000),
    { contentEncoding: 'gzip' },
    'INVALID_COMPRESSION',
  ],
  ['text called gzip', LINE, { contentEncoding: 'gzip' }, 'INVALID_COMPRESSION'],
  [
    'a truncated zstd',
    rawZstd(Buffer.from(LINE)).subarray(0, -1),
    { contentEncoding: 'zstd' },
    'INVALID_COMPRESSION',
  ],
  ['text called zstd', LINE, { contentEncoding: 'zstd' }, 'INVALID_COMPRESSION'],
  [
    'a zstd window over 128 MiB',
    Buffer.from('28b52ffd00d90000', 'hex'),
    { contentEncoding: 'zstd' },
    'INVALID_COMPRESSION',
  ],
  ['another encoding', LINE, { contentEncoding: 'br' }, 'UNSUPPORTED_CONTENT_ENCODING'],
  ['a CSV without the column operation', 'user_account_id\n1\n', { mimeType: 'TEXT_CSV' }, 'INVALID_HEADER'],
  ['a CSV header without end', 'x'.repeat(2 * MIB), { mimeType: 'TEXT_CSV' }, 'INVALID_HEADER'],
  [
    'a list of users with a segment column',
    'email_hash,segment_id\na,1\n',
    { mimeType: 'TEXT_CSV', profile: 'USER_LIST' },
    'INVALID_HEADER',
  ],
];
test('cuts an upload that would leave too little of the disk free, and keeps nothing', async (t) => {
  let free = 40 * MIB;
  const limits = { ...LIMITS, maxUploadBytes: 64 * MIB, minFreeBytes: 10 * MIB };
  const { documents, unfinished } = await open(t, limits, async () => free);
  await documents.requireRoom(30 * MIB);
  await assert.rejects(documents.requireRoom(30 * MIB + 1), { code: 'INSUFFICIENT_STORAGE' });
  const grows = (async function* () {
    for (let sent = 0; sent < 48; sent++) {
      free -= MIB;
      yield Buffer.alloc(MIB, ' \n');
    }
  })();
  await assert.rejects(receive(documents, Readable.from(grows)), { code: 'INSUFFICIENT_STORAGE' });
  assert.ok(free >= 5 * MIB, 'it is noticed within some MiB');
  assert.deepEqual(await unfinished(), []);
  assert.equal(await documents.isEmpty(), true);
});

for (const [index, [contentEncoding, sent, expected]] of samples.entries()) {
  test(`decompresses ${contentEncoding} (${index})`, async (t) => {
    const { documents } = await open(t, LIMITS);
    const received = await receive(documents, sent, { contentEncoding });
    assert.equal(await textOf(documents, received.folder, INPUT), expected);
    assert.equal(received.bytes, expected.length);
  });
}

test(`decompresses what the zstd program makes, in one frame and in several, with and without checksum`, async (t) => {
  const { documents } = await open(t, LIMITS);
  const line = (i: number) =>
    `{"operation":"UPDATE","user_account_id":"${(i * 7919) % 100003}","segment_id":"1","expiration_duration":${i}}\n`;
  const content = Buffer.from(Array.from({ length: 8_000 }, (_, i) => line(i)).join(''));
  const checked = await readFile(new URL('fixtures/level-3.zst', import.meta.url));
  const unchecked = await readFile(new URL('fixtures/no-check.zst', import.meta.url));
  const long = await readFile(new URL('fixtures/long-window.zst', import.meta.url));
  const skipped = Buffer.from('502a4d1803000000616263', 'hex');
  const cases = [
    ['checked', checked, content],
    ['unchecked', unchecked, content],
    ['a window of 128 MiB', long, content],
    ['windows of several sizes', Buffer.concat([checked, long]), Buffer.concat([content, content])],
    ['two frames', Buffer.concat([checked, unchecked]), Buffer.concat([content, content])],
    ['skippable frames', Buffer.concat([skipped, checked, skipped]), content],
  ] as const;
  for (const [name, packed, expected] of cases) {
    const received = await receive(documents, packed, { contentEncoding: 'zstd' });
    assert.ok((await textOf(documents, received.folder, INPUT)) === expected.toString(), name);
    const chunks: Buffer[] = [];
    for await (const chunk of decodeInWorker(Readable.from([...inSlices(packed)]))) chunks.push(chunk);
    assert.ok(Buffer.concat(chunks).equals(expected), `${name} with fzstd`);
  }
});

for (const [name, content, given, code] of refusals) {
  test(`refuses ${name} with ${code} and keeps nothing`, async (t) => {
    const opened = await open(t, LIMITS);
    const { documents } = opened;
    await assert.rejects(receive(documents, content, given), { code });
    await assertNothingLeft(opened);
  });
}

test(`refuses a JSON array before the rest has come`, async (t) => {
  const { documents } = await open(t, LIMITS);
  const stream = new PassThrough();
  stream.write(' [');
  await assert.rejects(receive(documents, stream), { code: 'NOT_NDJSON' });
});

test(`reads a CSV header whose line break is quoted, over chunks`, async (t) => {
  const { documents } = await open(t, LIMITS);
  const stream = Readable.from(
    ['\ufeffopera', 'tion,"a\n', 'b"\r', '\nUPDATE,x\n'].map((part) => Buffer.from(part)),
  );
  const received = await receive(documents, stream, { mimeType: 'TEXT_CSV' });
  assert.equal(received.bytes, 29);
});

test(`keeps nothing of an upload whose sender goes away`, async (t) => {
  const opened = await open(t, LIMITS);
  const { documents } = opened;
  const stream = new PassThrough();
  const received = receive(documents, stream);
  stream.write(LINE);
  setTimeout(() => stream.destroy(new Error('the sender went away')), 20);
  await assert.rejects(received, /went away/);
  await assertNothingLeft(opened);
});

for (const contentEncoding of ['identity', 'gzip', 'zstd']) {
  test(`ends an upload in ${contentEncoding} that stands still`, async (t) => {
    const opened = await open(t, { ...LIMITS, uploadIdleMs: 100 });
    const { documents } = opened;
    const stream = new PassThrough();
    await assert.rejects(receive(documents, stream, { contentEncoding }), { code: 'REQUEST_TIMEOUT' });
    assert.ok(stream.destroyed);
    await assertNothingLeft(opened);
  });
}

test(`a packed body that comes to nothing ends at the limit too`, async (t) => {
  const opened = await open(t, { ...LIMITS, maxUploadBytes: MIB });
  const { documents } = opened;
  const skipped = Buffer.concat([
    Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0xf8, 0xff, 0, 0]),
    Buffer.alloc(0xfff8),
  ]);
  for (const [contentEncoding, packed] of [
    ['gzip', gzipSync('')],
    ['zstd', skipped],
  ] as const) {
    const endless = Readable.from(
      (function* () {
        for (;;) yield packed;
      })(),
    );
    await assert.rejects(receive(documents, endless, { contentEncoding }), { code: 'FILE_TOO_LARGE' });
  }
  await assertNothingLeft(opened);
});

test(`refuses gzip after whose end something follows, also behind zeros; zeros alone are padding`, async (t) => {
  const opened = await open(t, LIMITS);
  const { documents } = opened;
  const [member, zeros] = [gzipSync(LINE), Buffer.alloc(600)];
  for (const parts of [
    [member, zeros, member],
    [member, Buffer.from(LINE)],
    [member, Buffer.from([0x1f])],
    [member, zeros, Buffer.from('x')],
  ]) {
    for (const stream of [Readable.from([Buffer.concat(parts)]), Readable.from(parts)]) {
      await assert.rejects(receive(documents, stream, { contentEncoding: 'gzip' }), {
        code: 'INVALID_COMPRESSION',
      });
    }
  }
  await assertNothingLeft(opened);
  const padded = Readable.from([member, member, zeros, zeros, zeros]);
  assert.equal((await receive(documents, padded, { contentEncoding: 'gzip' })).bytes, 2 * LINE.length);
});
