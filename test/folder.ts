import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

/** A fresh folder for what a test starts. */
export async function makeFolder(): Promise<string> {
  return mkdtemp(path.join(os.tmpdir(), 'muster-test-'));
}

/** Removes the folder of a test, unless the test failed: then it is left to be looked at. */
export async function discardFolder(t: TestContext, folder: string): Promise<void> {
  // @types/node 20 does not know it, Node 20.12 and later have it.
  const { passed } = t as { readonly passed?: boolean };
  if (passed === true) await rm(folder, { recursive: true, force: true });
  else t.diagnostic(`kept ${folder}`);
}
