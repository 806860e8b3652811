import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { type Documents, type KeptFile, type Part, wholeFile } from '../../src/documents/documents.ts';
import type { ReceiveSettings } from '../../src/documents/receive.ts';
import { contentOf } from '../../src/model/file-reader.ts';
import { LIMITS, LINE, MIB, receive } from './receive.ts';

export type Limits = ReceiveSettings & { readonly minFreeBytes: number };

/** Documents that a test has for itself. */
export type OpenedDocuments = {
  readonly documents: Documents;
  /** Opens the same documents once more, as another process would. */
  again(): Promise<Documents>;
  /** Names of what lies where files are made. */
  unfinished(): Promise<readonly string[]>;
};

export type OpenForTest = (t: TestContext, limits: Limits) => Promise<OpenedDocuments>;

/** All there is of a file; null when there is none. */
export async function textOf(
  documents: Pick<Documents, 'open'>,
  folder: string,
  parts: readonly Part[],
): Promise<string | null> {
  const file = await documents.open(folder, parts);
  return file === null ? null : readAll(file);
}

async function readAll(file: KeptFile, range = {}): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of contentOf(file, range)) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  } finally {
    await file.close();
  }
}

export async function foldersOf(documents: Pick<Documents, 'listFolders'>): Promise<string[]> {
  const folders: string[] = [];
  for await (const { folder } of documents.listFolders()) folders.push(folder);
  return folders.sort();
}

const INPUT = wholeFile('input');
const UNBOUNDED = { maxBytes: Number.POSITIVE_INFINITY };

/**
 * What both drivers keep. What is refused at receipt is the same code in both: `receive.test.ts`.
 */
export function documentsContract(name: string, openForTest: OpenForTest, manyParts: number): void {
  const withDocuments = (title: string, body: (opened: OpenedDocuments) => Promise<void>) =>
    test(`${name}: ${title}`, async (t) => body(await openForTest(t, LIMITS)));

  withDocuments('has one id, whichever process asks for it first', async ({ documents, again }) => {
    const others = await Promise.all([again(), again(), again()]);
    const ids = await Promise.all([documents, ...others].map((each) => each.id()));
    assert.match(ids[0] ?? '', /^[0-9a-f-]{36}$/);
    assert.equal(new Set(ids).size, 1, ids.join(', '));
    assert.equal(await (await again()).id(), ids[0]);
    assert.ok(await documents.isEmpty());
  });

  withDocuments('keeps the bytes of an upload, with their length and hash', async (opened) => {
    const { documents } = opened;
    assert.equal(await documents.isEmpty(), true);
    const content = LINE.repeat(5_000);
    const before = Date.now();
    const { folder, ...measured } = await receive(documents, content);
    assert.deepEqual(measured, {
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    });
    assert.equal(await textOf(documents, folder, INPUT), content);
    assert.deepEqual(await opened.unfinished(), []);
    for await (const kept of documents.listFolders()) {
      assert.equal(kept.folder, folder);
      assert.ok(Math.abs(kept.modifiedAt - before) < 60_000);
    }
    assert.equal(await documents.isEmpty(), false);
    await documents.remove(folder);
    await documents.remove(folder);
    assert.deepEqual(await foldersOf(documents), []);
    assert.equal(await textOf(documents, folder, INPUT), null);
  });

  withDocuments('keeps nothing of an upload that is refused, or whose sender goes away', async (opened) => {
    const { documents } = opened;
    await assert.rejects(receive(documents, `[${LINE}]`), { code: 'NOT_NDJSON' });
    await assert.rejects(receive(documents, Buffer.alloc(17 * MIB, LINE)), { code: 'FILE_TOO_LARGE' });
    const stream = new PassThrough();
    const received = receive(documents, stream);
    stream.write(LINE);
    setTimeout(() => stream.destroy(new Error('the sender went away')), 20);
    await assert.rejects(received, /went away/);
    assert.deepEqual(await opened.unfinished(), []);
    assert.equal(await documents.isEmpty(), true);
  });

  withDocuments('reads a large file from anywhere, forwards and back', async ({ documents }) => {
    const line = (i: number) => `{"user_account_id":"${i}"}\n`;
    const content = Buffer.from(Array.from({ length: 430_000 }, (_, i) => line(i)).join(''));
    assert.ok(content.length > 11 * MIB && content.length < 12 * MIB, `${content.length}`);
    const { folder } = await receive(documents, content);
    const file = await documents.open(folder, INPUT);
    assert.ok(file !== null);
    assert.equal(file.bytes, content.length);
    for (const position of [0, 5 * MIB, 4 * MIB - 3, 9 * MIB, 17, content.length - 5, content.length])
      for (const length of [1, 100, 256 * 1024]) {
        const block = await file.read(position, length);
        assert.ok(block.length > 0 || position === content.length, `${block.length} bytes at ${position}`);
        assert.ok(block.length <= length);
        assert.ok(block.equals(content.subarray(position, position + block.length)));
      }
    const range = { start: 4 * MIB - 10, end: 8 * MIB + 10 };
    assert.equal(await readAll(file, range), content.subarray(range.start, range.end).toString());
  });

  withDocuments('never takes anything but its own names', async ({ documents }) => {
    for (const folder of ['..', '../../etc', '', 'x', `${'a'.repeat(8)}/..`]) {
      await assert.rejects(documents.open(folder, INPUT), /UUID/);
      await assert.rejects(documents.remove(folder), /UUID/);
      await assert.rejects(documents.addErrors(folder, Buffer.from('x')), /UUID/);
    }
    for (const file of ['..', 'input/../x', 'errors-', `errors-${'0'.repeat(17)}`, ''])
      await assert.rejects(documents.open(randomUUID(), [{ name: file, bytes: 1 }]), /name/);
  });

  withDocuments('reads the parts of an error file as one file', async ({ documents }) => {
    const { folder } = await receive(documents, LINE);
    const texts = ['first,part\n', 'second\n', 'x'.repeat(300_000), 'last'];
    const parts: Part[] = [];
    for (const text of texts)
      parts.push({ name: await documents.addErrors(folder, Buffer.from(text)), bytes: text.length });
    assert.equal(new Set(parts.map(({ name }) => name)).size, texts.length);
    const whole = texts.join('');
    assert.equal(await textOf(documents, folder, parts), whole);
    const file = await documents.open(folder, parts);
    assert.equal(file?.bytes, whole.length);
    assert.deepEqual(
      file?.parts.map(({ start }) => start),
      [0, 11, 18, 300_018],
    );
    assert.equal(await readAll(file, { start: 8, end: 20 }), whole.slice(8, 20));
    // of each only as much as is named counts, and those that are not named do not
    const named = [{ name: parts[0]?.name ?? '', bytes: 6 }, ...parts.slice(3)];
    assert.equal(await textOf(documents, folder, named), 'first,last');
    assert.equal(await textOf(documents, folder, [{ name: parts[2]?.name ?? '', bytes: 2 }]), 'xx');
    assert.equal(await textOf(documents, folder, []), null);
    const gone = { name: 'errors-0000000000000000', bytes: 1 };
    assert.equal(await textOf(documents, folder, [...parts, gone]), null);
    assert.equal(await textOf(documents, folder, [gone]), null);
  });

  withDocuments('removes the parts of an error file that do not count, and nothing else', async (opened) => {
    const { documents } = opened;
    const { folder } = await receive(documents, LINE);
    const add = async (text: string) => ({
      name: await documents.addErrors(folder, Buffer.from(text)),
      bytes: text.length,
    });
    const [counts, stale] = [await add('counts'), await add('stale')];
    await documents.removeOtherErrors(folder, [counts]);
    assert.equal(await textOf(documents, folder, [counts]), 'counts');
    assert.equal(await textOf(documents, folder, [stale]), null);
    await documents.removeOtherErrors(folder, []);
    assert.equal(await textOf(documents, folder, [counts]), null);
    assert.equal(await textOf(documents, folder, INPUT), LINE);
    await documents.removeOtherErrors(randomUUID(), []);
  });

  withDocuments(`an error file may have ${manyParts} parts`, async ({ documents }) => {
    const { folder } = await receive(documents, LINE);
    const texts = Array.from({ length: manyParts }, (_, i) => `line ${i}\n`);
    const parts: Part[] = [];
    for (let i = 0; i < texts.length; i += 50)
      parts.push(
        ...(await Promise.all(
          texts.slice(i, i + 50).map(async (text) => ({
            name: await documents.addErrors(folder, Buffer.from(text)),
            bytes: text.length,
          })),
        )),
      );
    assert.equal(await textOf(documents, folder, parts), texts.join(''));
  });

  withDocuments('keeps what it is made, or nothing when making it fails', async (opened) => {
    const { documents } = opened;
    const made = await documents.make(async (file) => {
      await writeFile(file, 'members');
      return 7;
    }, UNBOUNDED);
    assert.deepEqual([made.bytes, made.written], [7, 7]);
    assert.equal(await textOf(documents, made.folder, wholeFile('export')), 'members');
    const local = await documents.makeLocal(async (file) => {
      await writeFile(file, 'for one');
      return 'written';
    }, UNBOUNDED);
    assert.deepEqual([local.bytes, local.written], [7, 'written']);
    assert.equal(Buffer.concat(await local.content().toArray()).toString(), 'for one');
    assert.equal((await opened.unfinished()).length, 1);
    await local.discard();
    const failing = async (file: string) => {
      await writeFile(file, 'half');
      throw new Error('it broke');
    };
    await assert.rejects(documents.make(failing, UNBOUNDED), /it broke/);
    await assert.rejects(documents.makeLocal(failing, UNBOUNDED), /it broke/);
    assert.deepEqual(await opened.unfinished(), []);
    assert.deepEqual(await foldersOf(documents), [made.folder]);
    // members of a segment that has none, as NDJSON
    const empty = await documents.make((file) => writeFile(file, ''), UNBOUNDED);
    assert.equal(await textOf(documents, empty.folder, wholeFile('export')), '');
  });

  withDocuments('replaces a file whole or not at all', async (opened) => {
    const { documents } = opened;
    const { folder } = await receive(documents, LINE.repeat(3));
    const before = await documents.open(folder, INPUT);
    const content = (...texts: string[]) => Readable.from(texts.map((text) => Buffer.from(text)));
    assert.equal(await documents.replace(folder, 'input', content('\n', LINE)), true);
    const after = await documents.open(folder, INPUT);
    assert.notEqual(before?.etag, after?.etag);
    assert.equal(after && (await readAll(after)), `\n${LINE}`);
    await before?.close();
    const breaking = (async function* () {
      yield Buffer.from('half');
      throw new Error('it broke');
    })();
    await assert.rejects(documents.replace(folder, 'input', breaking), /it broke/);
    assert.equal(await textOf(documents, folder, INPUT), `\n${LINE}`);
    assert.equal(
      await documents.replace(folder, `errors-${'0'.repeat(16)}`, content('x')),
      false,
      'there was none',
    );
    await documents.remove(folder);
    assert.equal(await documents.replace(folder, 'input', content('x')), false);
    assert.deepEqual(await foldersOf(documents), []);
    assert.deepEqual(await opened.unfinished(), []);
  });

  withDocuments('who holds the documents can read what is removed meanwhile', async ({ documents }) => {
    const { folder } = await receive(documents, LINE);
    const parts = [{ name: await documents.addErrors(folder, Buffer.from('failed\n')), bytes: 7 }];
    const [first, second] = [await documents.hold(), await documents.hold()];
    await documents.remove(folder);
    assert.equal(await textOf(documents, folder, INPUT), null);
    assert.deepEqual(await foldersOf(documents), []);
    await first.release();
    assert.equal(await textOf(second, folder, INPUT), LINE);
    assert.equal(await textOf(second, folder, [...parts, ...parts]), 'failed\nfailed\n');
    await second.release();
    const third = await documents.hold();
    assert.equal(await textOf(third, folder, INPUT), null);
    await third.release();
  });

  withDocuments(
    'what one process keeps, another finds; and leaves it what it has under way',
    async (opened) => {
      const { documents, again } = opened;
      const { folder } = await receive(documents, LINE);
      const stream = new PassThrough();
      const under = receive(documents, stream);
      stream.write(LINE);
      while ((await opened.unfinished()).length === 0) await new Promise(setImmediate);
      const hold = await documents.hold();
      await documents.remove(folder);
      const { folder: shared } = await receive(documents, LINE.repeat(2));
      const other = await again();
      await other.sweepUnfinished(Date.now() - 3_600_000);
      assert.equal(await textOf(other, shared, INPUT), LINE.repeat(2));
      assert.equal(await textOf(hold, folder, INPUT), LINE, 'what this process holds is left alone');
      const name = await other.addErrors(shared, Buffer.from('other'));
      assert.equal(await textOf(documents, shared, [{ name, bytes: 5 }]), 'other');
      stream.end(LINE);
      const received = await under;
      assert.equal(await textOf(other, received.folder, INPUT), LINE.repeat(2));
      await hold.release();
      await other.close();
    },
  );

  withDocuments('what a process left that ended in the middle is swept', async (opened) => {
    const { documents, again } = opened;
    const { folder } = await receive(documents, LINE);
    const stuck = new PassThrough();
    const under = receive(documents, stuck);
    stuck.write(LINE);
    while ((await opened.unfinished()).length === 0) await new Promise(setImmediate);
    const other = await again();
    await other.sweepUnfinished(Date.now() + 60_000);
    assert.deepEqual(await opened.unfinished(), []);
    assert.deepEqual(await foldersOf(documents), [folder], 'what is kept stays');
    stuck.destroy(new Error('gone'));
    await assert.rejects(under, /gone/);
    await other.close();
  });
}
