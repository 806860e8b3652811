import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { wholeFile } from '../../src/documents/documents.ts';
import { openDocumentsFolder } from '../../src/documents/folder.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { documentsContract, foldersOf, type Limits, type OpenedDocuments, textOf } from './contract.ts';
import { LIMITS, LINE, receive } from './receive.ts';

async function openForTest(t: TestContext, limits: Limits): Promise<OpenedDocuments> {
  const dir = await makeFolder();
  t.after(() => discardFolder(t, dir));
  return {
    documents: await openDocumentsFolder(dir, limits),
    again: () => openDocumentsFolder(dir, limits),
    unfinished: () => readdir(path.join(dir, 'incoming')),
  };
}

documentsContract('a folder', openForTest, 1_000);

/**
 * Begins to replace a file and comes no further, as a process that was killed; `end` lets it go on.
 */
async function beginToReplace({ again, unfinished }: OpenedDocuments, folder: string) {
  const before = (await unfinished()).length;
  let end: () => void = () => undefined;
  const killed = new Promise<void>((resolve) => (end = resolve));
  const content = async function* () {
    yield Buffer.from('half');
    await killed;
  };
  const replaced = (await again()).replace(folder, 'input', content());
  while ((await unfinished()).length === before) await new Promise(setImmediate);
  return { end, replaced };
}

test('a folder: what a killed process left of a file that it replaced goes when it is replaced again', async (t) => {
  const opened = await openForTest(t, LIMITS);
  const { documents, unfinished } = opened;
  const { folder } = await receive(documents, LINE);
  const { folder: other } = await receive(documents, LINE);
  const killed = await beginToReplace(opened, folder);
  const [left] = await unfinished();
  const alive = await beginToReplace(opened, other);
  assert.equal(await textOf(documents, folder, wholeFile('input')), LINE);
  assert.deepEqual(await foldersOf(documents), [folder, other].sort());

  assert.equal(await documents.replace(folder, 'input', Readable.from([Buffer.from('new')])), true);
  const [ofOther, ...more] = await unfinished();
  assert.deepEqual(more, []);
  assert.notEqual(ofOther, left);
  alive.end();
  assert.equal(await alive.replaced, true, 'what is under way of another file is left alone');
  assert.equal(await textOf(documents, other, wholeFile('input')), 'half');
  killed.end();
  assert.equal(await killed.replaced, false);
  assert.equal(await textOf(documents, folder, wholeFile('input')), 'new');
  assert.deepEqual(await unfinished(), []);
});
