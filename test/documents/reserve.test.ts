import assert from 'node:assert/strict';
import { appendFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDocumentsFolder } from '../../src/documents/folder.ts';
import { FileTooLargeError } from '../../src/documents/write-guarded.ts';
import { ServiceError } from '../../src/errors.ts';
import { kindOfFault } from '../../src/faults.ts';
import { canPass } from '../../src/runner/retry.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { LIMITS, LINE, MIB, receive } from './receive.ts';

const MIN_FREE = 100 * MIB;
const UNBOUNDED = { maxBytes: Number.POSITIVE_INFINITY };

/** Documents on a disk that has as much room as a test says. */
async function setUp(t: TestContext) {
  const dir = await makeFolder();
  t.after(() => discardFolder(t, dir));
  const disk = { free: 1024 * MIB };
  const limits = { ...LIMITS, minFreeBytes: MIN_FREE };
  const documents = await openDocumentsFolder(dir, limits, async () => disk.free);
  const unfinished = () => readdir(path.join(dir, 'incoming'));
  return { documents, disk, unfinished };
}

const noRoom = (fault: unknown) => fault instanceof ServiceError && fault.code === 'INSUFFICIENT_STORAGE';

/** Writes until it is told to give up. */
async function writeOn(file: string, signal: AbortSignal): Promise<void> {
  await writeFile(file, '');
  while (!signal.aborted) {
    await appendFile(file, Buffer.alloc(MIB));
    await sleep(20);
  }
  throw new Error('it was interrupted');
}

test('a part of an error file leaves the disk what is to be kept free; it is tried again as on a full one', async (t) => {
  const { documents, disk } = await setUp(t);
  const { folder } = await receive(documents, LINE);
  disk.free = MIN_FREE + 10;
  await documents.addErrors(folder, Buffer.alloc(10));
  const fault = await documents.addErrors(folder, Buffer.alloc(11)).catch((error: unknown) => error);
  assert.ok(noRoom(fault));
  assert.equal(kindOfFault(fault), 'DISK_FULL');
  assert.ok(canPass(fault));
});

test('a file that is made is given up when the disk gets short of room, and nothing is left of it', async (t) => {
  const { documents, disk, unfinished } = await setUp(t);
  for (const make of [documents.make, documents.makeLocal]) {
    disk.free = 1024 * MIB;
    const made = make(writeOn, UNBOUNDED);
    const rejected = assert.rejects(made, noRoom);
    await sleep(100);
    disk.free = MIN_FREE - 1;
    await rejected;
    await assert.rejects(make(writeOn, UNBOUNDED), noRoom, 'it is not begun with');
    assert.deepEqual(await unfinished(), []);
  }
});

test('a file that is made is given up when it is longer than it may be, while it grows or at its end', async (t) => {
  const { documents, unfinished } = await setUp(t);
  for (const make of [documents.make, documents.makeLocal]) {
    await assert.rejects(make(writeOn, { maxBytes: 3 * MIB }), FileTooLargeError);
    const whole = (file: string) => writeFile(file, Buffer.alloc(11));
    await assert.rejects(make(whole, { maxBytes: 10 }), FileTooLargeError);
    const made = await make(whole, { maxBytes: 11 });
    assert.equal(made.bytes, 11);
    if ('discard' in made) await made.discard();
    assert.deepEqual(await unfinished(), []);
  }
});

test('a file that is made is given up when nobody wants it any more', async (t) => {
  const { documents, unfinished } = await setUp(t);
  const stop = new AbortController();
  const made = documents.makeLocal(writeOn, { ...UNBOUNDED, signal: stop.signal });
  const rejected = assert.rejects(made, /nobody/);
  await sleep(50);
  stop.abort(new Error('nobody waits for it'));
  await rejected;
  assert.deepEqual(await unfinished(), []);
});
