import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { countMemberships, importManyFiles, type Store } from '../large-store.ts';
import type { Load } from '../lookups/load.ts';
import { runLoad } from '../lookups/run-load.ts';
import { watching } from '../server.ts';
import type { Measured } from '../table.ts';
import { userCount } from '../workloads.ts';

/** Far from what saturates a core, so that the time of a look-up is measured and not that of a queue. */
export const PER_SECOND = 100;
const UNKNOWN_PER_MILLE = 100;
/** More than are ever needed at that rate, so that no look-up waits inside the client. */
const CONNECTIONS = 64;
const SATURATING_CONNECTIONS = 16;
const IDLE_MS = 10_000;
const LEAST_MS = 1_000;
const DURING_FILES = 3;
const MANY_FILES = 20;

/** Look-ups of one user over HTTP: nothing else to do, while imports run, and again after many of them. */
export async function measureLookups(bench: Bench, store: Store): Promise<void> {
  const idle = () => idleFor(bench);
  const at = `${PER_SECOND}/s`;

  const row = (id: string, what: string, run: () => Promise<Measured>) => bench.measure({ id, what }, run);
  const idleRow = (load: Partial<Load>) => async () =>
    withCount(store, await lookUp(bench, store, { load, meanwhile: idle }));
  const importRow = (count: number, seed: number) => () =>
    importManyFiles(bench, store, {
      count,
      seed,
      during: (runImports) => lookUp(bench, store, { load: {}, meanwhile: runImports }),
    });

  await row('lookup-idle', `Look-ups ${at}, idle`, idleRow({}));
  await row(
    'lookup-saturated',
    `Look-ups, ${SATURATING_CONNECTIONS} connections without a pause, idle`,
    idleRow({ perSecond: null, connections: SATURATING_CONNECTIONS }),
  );
  await row('lookup-import', `Look-ups ${at}, while imports of 1 M lines run`, importRow(DURING_FILES, 200));
  await row(
    'lookup-many',
    `Look-ups ${at}, while ${MANY_FILES} imports of 1 M lines run`,
    importRow(MANY_FILES, 300),
  );
  await row('lookup-idle-after', `Look-ups ${at}, idle, right after these ${MANY_FILES}`, idleRow({}));
  await row(
    'lookup-import-after',
    `Look-ups ${at}, after these ${MANY_FILES}, while imports run`,
    importRow(DURING_FILES, 400),
  );
}

/** As long as look-ups are measured while there is nothing else to do. */
export function idleFor({ options }: Bench): Promise<void> {
  return sleep(Math.max(LEAST_MS, IDLE_MS * options.scale));
}

async function withCount(store: Store, measured: Measured): Promise<Measured> {
  return { ...measured, remark: `${measured.remark}; ${await countMemberships(store)} memberships` };
}

/** Looks users up for as long as `meanwhile` takes. */
export function lookUp(
  bench: Bench,
  { server }: Pick<Store, 'server'>,
  of: { load: Partial<Load>; meanwhile: () => Promise<unknown> },
): Promise<Measured> {
  return watching(server, async () => {
    const load: Load = {
      baseUrl: server.baseUrl,
      token: server.token,
      users: userCount(bench),
      unknownPerMille: UNKNOWN_PER_MILLE,
      connections: CONNECTIONS,
      perSecond: PER_SECOND,
      ...of.load,
    };
    const { requests, seconds, p50Ms, p99Ms, mostMs, ...rest } = await runLoad(load, of.meanwhile);
    assert.equal(rest.failed, 0, `${rest.failed} look-ups failed, the first: ${rest.firstFailure}`);
    const unanswered = rest.unanswered === 0 ? '' : `; ${rest.unanswered} had no answer in the end`;
    const remark = `slowest ${mostMs.toFixed(0)} ms${unanswered}`;
    return { count: requests, seconds, perSecond: requests / seconds, p50Ms, p99Ms, remark };
  });
}
