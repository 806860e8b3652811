import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { openDocumentsFolder } from '../../src/documents/folder.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { documentsContract, type Limits, type OpenedDocuments } from './contract.ts';

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
