import type { TestContext } from 'node:test';
import { type Config, readConfig } from '../src/config.ts';
import type { RouteAccess } from '../src/http/types.ts';
import { startService as openService } from '../src/service.ts';
import type { Store } from '../src/store/store.ts';
import { ADMIN_TOKEN, type Client, clientOf } from './client.ts';
import { discardFolder, makeFolder } from './folder.ts';
import { testStore } from './postgres.ts';

export type TestService = Client & {
  readonly config: Config;
  readonly store: Store;
  /** Its routes, with who may call them. */
  readonly routes: readonly RouteAccess[];
  /** Resolves when its store can no longer be used. */
  readonly lost: Promise<Error>;
  /** Ends the service; the folder stays. Twice does no harm. */
  stop(): Promise<void>;
};

/**
 * Starts the real service in this process, on a free port, in a folder of its own. It ends with the
 * test, and its folder goes when the test has passed.
 */
export async function startService(
  t: TestContext,
  overrides: Partial<Config> = {},
  clock: () => number = Date.now,
): Promise<TestService> {
  const data = await makeFolder();
  const config: Config = Object.freeze({
    ...readConfig({ data, port: '0', 'log-level': 'silent', 'admin-token': ADMIN_TOKEN }, {}),
    // on a busy machine look-ups are slow, and a test would see pauses that are not its subject
    lookupGoalMs: 0,
    store: await testStore(data, clock()),
    ...overrides,
  });
  const service = await openService(config, clock);
  let closing: Promise<void> | undefined;
  const stop = async () => {
    closing ??= service.close();
    await closing;
  };
  t.after(async () => {
    await stop();
    await discardFolder(t, data);
  });
  const client = clientOf(service.url, config.adminToken ?? ADMIN_TOKEN);
  return { ...client, config, store: service.store, routes: service.routes, lost: service.lost, stop };
}
