import { rm } from 'node:fs/promises';
import { after } from 'node:test';
import { createSegment } from '../client.ts';
import { makeFolder } from '../folder.ts';
import { testStore } from '../postgres.ts';
import { type ServiceProcess, serve } from '../process.ts';

/**
 * One service for all tests of a file, since its start is what takes long: made by the first that
 * opens it, ended after the last of them, with the folders that they made.
 */
export function sharedService({
  segments = [],
  env = {},
}: {
  readonly segments?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}) {
  const folders: string[] = [];
  let opening: Promise<ServiceProcess> | null = null;
  after(async () => {
    await (await opening)?.kill();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });
  const start = async () => {
    const folder = await makeFolder();
    folders.push(folder);
    const store = await testStore(folder);
    const service = await serve(folder, store === null ? env : { MUSTER_STORE: store, ...env });
    for (const name of segments) await createSegment(service, { name, technical_name: name });
    return service;
  };
  return {
    open: () => {
      opening ??= start();
      return opening;
    },
    /** A folder that is removed at the end. */
    discard: (folder: string) => void folders.push(folder),
  };
}
