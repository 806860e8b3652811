import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after } from 'node:test';
import { createSegment } from '../client.ts';
import { makeFolder } from '../folder.ts';
import { testStore } from '../postgres.ts';
import { type ServiceProcess, serve } from '../process.ts';

/**
 * One service for all tests of a file, since its start is what takes long. Ended after the last of them, with the folders that
 * they made.
 */
export function sharedService() {
  const folders: string[] = [];
  let service: ServiceProcess | null = null;
  after(async () => {
    await service?.kill();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });
  return {
    async start({
      segments = [] as string[],
      env = {} as Readonly<Record<string, string>>,
    }): Promise<ServiceProcess> {
      assert.equal(service, null);
      const folder = await makeFolder();
      folders.push(folder);
      const store = await testStore(folder);
      service = await serve(folder, store === null ? env : { MUSTER_STORE: store, ...env });
      for (const name of segments) await createSegment(service, { name, technical_name: name });
      return service;
    },
    /** A folder that is removed at the end. */
    discard: (folder: string) => void folders.push(folder),
  };
}
