import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  cpSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitForEnd } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { startService } from '../helper.ts';
import { serve, serveRefused } from '../process.ts';
import { createWorld, type Executed, type World } from './world.ts';

const LINES = 20_000;

/**
 * A data folder with a store that was ended in order, and then killed with some files in its log.
 */
async function makeData(t: TestContext): Promise<{ data: string; world: World; executed: Executed[] }> {
  const data = await makeFolder();
  t.after(() => discardFolder(t, data));
  const service = await serve(data);
  const world = await createWorld(service);
  const executed: Executed[] = [];
  for (const lines of [LINES, 100]) {
    const sent = await world.send(lines);
    executed.push({ sent, ended: await waitForEnd(service, sent.execution) });
    if (lines !== LINES) continue;
    assert.equal(await service.terminate(), 0);
    await service.restart();
  }
  await service.kill();
  return { data, world, executed };
}

/** Noise in place of `bytes` at a place of a file, given as a share of its length. */
function spoil(file: string, share: number, bytes = 4_096): void {
  spoilAt(file, Math.floor((statSync(file).size - bytes) * share), bytes);
}

function spoilAt(file: string, at: number, bytes: number): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, randomBytes(bytes), 0, bytes, at);
  closeSync(handle);
}

function cut(file: string, share: number): void {
  truncateSync(file, Math.floor(statSync(file).size * share));
}

const DAMAGE: Readonly<Record<string, (store: string) => void>> = {
  'noise at the start': (store) => spoil(store, 0),
  'noise in all of it': (store) => spoil(store, 0, statSync(store).size),
  'noise near its end': (store) => spoil(store, 1),
  'cut in half': (store) => cut(store, 0.5),
  'cut to nothing': (store) => cut(store, 0),
  gone: (store) => rmSync(store),
  'gone, and its log too': (store) => {
    rmSync(store);
    rmSync(`${store}.wal`);
  },
  'its log has noise at the start': (store) => spoil(`${store}.wal`, 0, 64),
  'its log has noise in the middle': (store) => {
    const log = `${store}.wal`;
    // within an entry: noise in its length would be a log that ends early
    const at = readFileSync(log).indexOf('file-2-user-');
    assert.ok(at > 0, 'the log has the users of the second file');
    spoilAt(log, at, 64);
  },
};

test('a store that is not whole', async (t) => {
  const { data, world, executed } = await makeData(t);
  const copyOf = async (t: TestContext) => {
    const folder = await makeFolder();
    t.after(() => discardFolder(t, folder));
    cpSync(data, path.join(folder, 'data'), { recursive: true });
    return { copy: path.join(folder, 'data'), log: path.join(folder, 'log') };
  };

  for (const [name, damage] of Object.entries(DAMAGE)) {
    await t.test(`${name}: it is refused at the start by name, and left as it is`, async (t) => {
      const { copy } = await copyOf(t);
      const store = path.join(copy, 'store', 'muster.duckdb');
      damage(store);
      const before = readFileSync(store, { flag: 'a+' });
      await assert.rejects(startService(t, { data: copy }), ({ name, message }: Error) => {
        assert.equal(name, 'ConfigError');
        assert.ok(message.startsWith(`data: the store ${store} cannot be opened: `), message);
        return /muster restore/.test(message);
      });
      assert.ok(readFileSync(store).equals(before), 'the file was changed');
    });
  }

  await t.test('the command ends with the reason and exit code 1', async (t) => {
    const { copy, log } = await copyOf(t);
    const store = path.join(copy, 'store', 'muster.duckdb');
    spoil(store, 0);
    const { code, text } = await serveRefused(copy, { log });
    assert.equal(code, 1);
    assert.ok(text.startsWith(`error: data: the store ${store} cannot be opened: `), text);
    assert.equal(text.trimEnd().split('\n').length, 1, 'one line');
  });

  await t.test('a log that was cut short, as a crash does it, is taken as far as it goes', async (t) => {
    const { copy } = await copyOf(t);
    cut(path.join(copy, 'store', 'muster.duckdb.wal'), 0.02);
    const service = await startService(t, { data: copy });
    await world.check(executed.slice(0, 1), service);
  });

  await t.test('it is found while it runs: the service says what it is and ends with 75', async (t) => {
    const { copy, log } = await copyOf(t);
    const service = await serve(copy, {}, { log });
    t.after(service.kill);
    const store = path.join(copy, 'store', 'muster.duckdb');
    // behind what was read at the start
    spoil(store, 0.5, Math.floor(statSync(store).size * 0.8));
    const statuses = new Set<number>();
    const ended = service.exited();
    let isOver = false;
    void ended.then(() => (isOver = true));
    for (let i = 0; !isOver; i++) {
      const url = `/v1/datamarts/1/user_segments/user_account_id=file-1-user-${(i * 7) % LINES}`;
      await service.call('GET', url).then(
        ({ status }) => statuses.add(status),
        () => sleep(20),
      );
    }
    assert.equal(await ended, 75);
    assert.ok(statuses.has(503), `answers were ${[...statuses].join(', ')}`);
    const text = readFileSync(log, 'utf8');
    assert.match(text, /"level":60.*the store can no longer be used/);
    assert.match(text, /Corrupt database file/);
  });

  const service = await serve(data);
  t.after(service.kill);
  await world.check(executed, service);
});
