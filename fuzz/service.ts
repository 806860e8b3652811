import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readConfig } from '../src/config.ts';
import { type Service, startService } from '../src/service.ts';
import { ADMIN_TOKEN, type Client, clientOf } from '../test/client.ts';

/** The real service in a folder of its own, which goes when it is closed. */
export async function openService(): Promise<{ service: Service; client: Client; close(): Promise<void> }> {
  const data = await mkdtemp(path.join(os.tmpdir(), 'muster-fuzz-'));
  const flags = { data, port: '0', 'log-level': 'silent', 'admin-token': ADMIN_TOKEN };
  const service = await startService(readConfig(flags, {}));
  return {
    service,
    client: clientOf(service.url, ADMIN_TOKEN),
    close: async () => {
      await service.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}
